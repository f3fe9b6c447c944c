# The same packages as on a developer's machine: uv.lock, installed by the same script as `make run` uses.
FROM python:3.11-slim-bookworm AS packages
WORKDIR /app
COPY pyproject.toml uv.lock ./
COPY config/install.py config/install.py
RUN python3 -I config/install.py && rm -f .venv/install.log

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app
WORKDIR /app
COPY --from=packages /app/.venv .venv
COPY . .
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp
USER app
EXPOSE 8000
# As in config/run/children.py; docker-compose.yml runs worker, beat and Flower from this image too.
CMD ["python", "-m", "config.run.serve", "0.0.0.0", "8000"]
