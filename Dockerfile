# One image, two commands: the pages (default) and the jobs (`python manage.py procrastinate worker`).

# --- Browser libraries and the list of communes, exactly as locked -------------------
FROM node:20.19-bookworm-slim AS browser
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

# --- The system: Pango and a font, for what is printed ---------------------------------
FROM python:3.11.13-slim-bookworm AS system
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core \
    && rm -rf /var/lib/apt/lists/*

# --- Python libraries, compiled translations, hashed static files --------------------
FROM system AS python
RUN apt-get update \
    && apt-get install -y --no-install-recommends gettext \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv/reperes
COPY requirements/ requirements/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes -r requirements/uv.txt \
    && python -m venv --without-pip /opt/venv \
    && /opt/uv/bin/uv pip sync --no-cache --require-hashes --compile-bytecode \
        --python /opt/venv/bin/python requirements/base.txt
COPY . .
COPY --from=browser /build/node_modules node_modules
# The key and the address are only there to let the settings load: neither is used nor kept.
RUN find frontend/locale -name '*.po' -exec sh -c 'msgfmt --check-format -o "${1%.po}.mo" "$1"' _ {} ';' \
    && REPERES_LOCAL=/srv/local SECRET_KEY=built-without-any-secret-000000000000 \
       DATABASE_URL=postgresql://none@localhost/none REPERES_PROCESS=manage \
       /opt/venv/bin/python manage.py collectstatic --no-input --ignore rest_framework --ignore 'leaflet-src*'

# --- What runs: no compiler, no package manager of ours, no root ---------------------
FROM system
LABEL org.opencontainers.image.title="Repères" \
      org.opencontainers.image.licenses="AGPL-3.0-or-later"
RUN groupadd --gid 10001 reperes \
    && useradd --uid 10001 --gid reperes --no-create-home --home-dir /srv/reperes --shell /usr/sbin/nologin reperes \
    && install -d -o reperes -g reperes /srv/local /srv/local/media /srv/local/exports /srv/local/courriers
COPY --from=python /opt/venv /opt/venv
COPY --from=python /srv/reperes /srv/reperes
COPY --from=python /srv/local/static /srv/local/static
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    REPERES_LOCAL=/srv/local \
    REPERES_PROCESS=web \
    REPERES_BIND=0.0.0.0:8000
WORKDIR /srv/reperes
USER 10001:10001
VOLUME ["/srv/local/media", "/srv/local/exports"]
EXPOSE 8000
# The probe calls the server 127.0.0.1: ALLOWED_HOSTS must hold that name beside the public one.
HEALTHCHECK --interval=30s --timeout=5s --start-period=40s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["gunicorn", "--config", "config/gunicorn_conf.py", "config.wsgi:application"]
