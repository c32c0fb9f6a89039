"""nginx in front of gunicorn's sync workers: it accepts all connections at once."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from crawlproj.fleet.children import bind_to_parent
from crawlproj.lab.serve.models.gunicorn_server import sync_command
from crawlproj.lab.serve.service.queries import BACKLOG

if TYPE_CHECKING:
    from crawlproj.lab.serve.service.queries import Service

_CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog={backlog};
    location / {{ proxy_pass http://unix:{folder}/gunicorn.sock; }}
  }}
}}
"""


def missing() -> str:
    """Return why the model cannot run on this machine, or "" if it can."""
    return "" if shutil.which("nginx") else "nginx is not on PATH; install it"


def configuration(service: Service, backlog: int) -> str:
    """Return the content of nginx.conf, which keeps all files in the service's folder."""
    return _CONFIGURATION.format(folder=service.folder, port=service.port, backlog=backlog)


def run(service: Service) -> None:
    """Start gunicorn, then replace this process by nginx."""
    gunicorn = sync_command(f"unix:{service.folder}/gunicorn.sock", service.slots)
    subprocess.Popen(bind_to_parent(gunicorn, signal.SIGKILL))  # noqa: S603
    path = Path(service.folder) / "nginx.conf"
    path.write_text(configuration(service, BACKLOG), "utf-8")
    nginx = shutil.which("nginx") or "nginx"  # see missing
    os.execv(nginx, [nginx, "-p", service.folder, "-e", "stderr", "-c", str(path)])  # noqa: S606
