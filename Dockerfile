# syntax=docker/dockerfile:1
# gopher in a small image: one stage builds a virtual environment, the other only carries it.
#
#   docker build -t gopher .
#   docker run --init -e REDIS_URL=redis://valkey:6379 -e API_KEY=... -p 8080:8080 gopher
#   docker run --init -e REDIS_URL=redis://valkey:6379 gopher worker --concurrency 8
#
# Debian, not Alpine: the wheel of the embedded server is made for glibc.

FROM python:3.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
RUN python -m venv /opt/venv

# The dependencies are a layer of their own: they change less often than the source.
COPY pyproject.toml ./
RUN python -c "import tomllib; \
project = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
extras = project['optional-dependencies']; \
print(*project['dependencies'], *extras['fast'], *extras['image'], sep='\n')" > requirements.txt \
 && /opt/venv/bin/pip install --requirement requirements.txt

COPY README.md LICENSE ./
COPY completions completions
COPY docs/gopher.1 docs/gopher.1
COPY gopher_cli gopher_cli
RUN /opt/venv/bin/pip install --no-deps .


FROM python:3.13-slim-bookworm
LABEL org.opencontainers.image.title="gopher" \
      org.opencontainers.image.description="A job queue and operations toolkit on Redis or Valkey" \
      org.opencontainers.image.licenses="MIT"

RUN useradd --uid 10001 --create-home --home-dir /home/gopher gopher \
 && install --directory --owner gopher --group gopher --mode 0700 /var/lib/gopher
COPY --from=build /opt/venv /opt/venv

# A container is reached from outside, so `serve` listens on every address; it then asks for API_KEY.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    APP_ENV=production \
    GOPHER_HOME=/var/lib/gopher \
    LOG_FORMAT=json \
    SERVER_HOST=0.0.0.0 \
    SERVER_PORT=8080

USER 10001:10001
WORKDIR /home/gopher
VOLUME /var/lib/gopher
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 \
    CMD gopher health || [ $? -eq 75 ]
ENTRYPOINT ["gopher"]
CMD ["serve"]
