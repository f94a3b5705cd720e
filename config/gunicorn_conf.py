"""The web server's shape, the same on a laptop and in the image; the environment may change it."""

import os

bind = os.environ.get("REPERES_BIND", "127.0.0.1:8000")
# A request waits for PostgreSQL more than it computes: threads fill that time.
# A streamed export holds one thread, hence more than one each.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = int(os.environ.get("REPERES_THREADS", "4"))
# A worker that leaks memory is replaced; the jitter keeps them from leaving together.
max_requests = 10_000
max_requests_jitter = 1_000
timeout = 60
graceful_timeout = 30
keepalive = 5
# Heartbeats go to memory: on a slow disk a worker would be taken for dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: S108 # gunicorn creates and unlinks its own file there
# Addresses and full paths are personal data here (follow-up links): errors only.
accesslog = None
errorlog = "-"
loglevel = os.environ.get("REPERES_GUNICORN_LOG_LEVEL", "warning")
forwarded_allow_ips = os.environ.get("REPERES_PROXY_ADDRESSES", "127.0.0.1")
