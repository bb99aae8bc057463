# The gateway as a small image: no root, nothing writable but /data, no compiler and no pip cache in it.
# `make image` builds it; tests/packaging executes these steps in a plain folder.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
RUN python -m venv /venv && /venv/bin/python -m pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -m venv /build && /build/bin/python -m pip install --no-cache-dir --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md ./
COPY alembic ./alembic
COPY app ./app
RUN /build/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /dist .
RUN /venv/bin/python -m pip install --no-cache-dir --no-deps --no-index /dist/*.whl

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin gateway && mkdir /data && chown gateway:gateway /data
COPY --from=build /venv /venv
WORKDIR /data
USER 10001:10001
VOLUME /data
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
ENV GATEWAY_HOST=0.0.0.0 GATEWAY_PORT=8000 GATEWAY_DATABASE_URL=sqlite+aiosqlite:////data/gateway.db
EXPOSE 8000
# `gateway worker` has no port unless GATEWAY_WORKER_PORT names one: compose.postgresql.yaml has a check of its own for it.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['GATEWAY_PORT']}/healthz\", timeout=3)"]
ENTRYPOINT ["gateway"]
CMD ["serve"]
