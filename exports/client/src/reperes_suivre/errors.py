"""Why a run stops: each reason has its exit code, for cron and systemd to tell them apart."""


class Stop(Exception):
    """The run cannot go on; the message is a French sentence for the operator."""

    code = 1


class Misuse(Stop):
    """The demand itself is wrong: address, table that is not ours, other settings than the first time."""

    code = 2


class Refused(Stop):
    """The site refuses (4xx): asking again would not help."""

    code = 3


class Unreachable(Stop):
    """The site did not answer, or not wholly, after all the attempts: the next run may succeed."""

    code = 4


class Diverged(Stop):
    """Even a full reload does not give the published hash: nothing was kept."""

    code = 5


class DatabaseTrouble(Stop):
    """PostgreSQL refused or cut."""

    code = 6
