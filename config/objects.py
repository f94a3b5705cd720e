"""The bucket that several machines share, when there is one: settings, by their names.

Credentials may also come as boto3 finds them (AWS_ACCESS_KEY_ID…): nothing is needed here then.
"""

import os
from typing import Any

from django.core.exceptions import ImproperlyConfigured


def shared_objects() -> dict[str, Any] | None:
    """Return the options of `storages.backends.s3.S3Storage`; None where one machine holds the files."""
    bucket = os.environ.get("REPERES_S3_BUCKET")
    if not bucket:
        return None
    endpoint = os.environ.get("REPERES_S3_ENDPOINT") or None
    if endpoint and not endpoint.startswith(("https://", "http://")):
        raise ImproperlyConfigured("REPERES_S3_ENDPOINT : une adresse, par exemple https://s3.exemple.fr.")
    return {
        "bucket_name": bucket,
        "endpoint_url": endpoint,
        "region_name": os.environ.get("REPERES_S3_REGION") or None,
        "location": os.environ.get("REPERES_S3_PREFIX", "reperes"),
        # Photos of reports lie there: nothing is ever public by its address.
        "default_acl": None,
        "querystring_auth": True,
        # A name is a hash, or belongs to one row: the same name is the same content.
        "file_overwrite": True,
        "addressing_style": "path" if endpoint else "auto",
        "signature_version": "s3v4",
    }


SHARED_OBJECTS = shared_objects()
