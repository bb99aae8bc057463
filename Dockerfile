# The gateway as a small image: no root, nothing writable but /data.
FROM python:3.12-slim AS build
WORKDIR /srv
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home gateway && mkdir /data && chown gateway /data
WORKDIR /srv
COPY --from=build /venv /venv
COPY alembic ./alembic
COPY app ./app
USER gateway
VOLUME /data
ENV PATH=/venv/bin:$PATH PYTHONPATH=/srv GATEWAY_HOST=0.0.0.0 GATEWAY_DATABASE_URL=sqlite+aiosqlite:////data/gateway.db
EXPOSE 8000
HEALTHCHECK CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
ENTRYPOINT ["python", "-m", "app"]
CMD ["serve"]
