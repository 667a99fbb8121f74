"""Connections to a site, kept alive, with TLS checked, through a proxy where there is one."""

from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit
from urllib.request import getproxies_environment, proxy_bypass_environment  # type: ignore[attr-defined]  # typeshed lacks it

import urllib3

from syncd import __version__

CONNECT_TIMEOUT = 10.0


def connected(url: str, proxy: str, ca_file: Path | None, *, timeout: float, connections: int) -> urllib3.PoolManager:
    """So many connections to the site at `url`; opens none yet.

    `proxy` is an address, `none`, or `auto`: as the environment says.
    """
    how: dict[str, Any] = {
        "num_pools": 1,
        "maxsize": connections,
        "block": True,
        "retries": False,
        "timeout": urllib3.Timeout(connect=min(CONNECT_TIMEOUT, timeout), read=timeout),
        "headers": {"User-Agent": f"syncd/{__version__}", "Content-Type": "application/x-www-form-urlencoded"},
        "cert_reqs": "CERT_REQUIRED",
        "ca_certs": str(ca_file) if ca_file else None,
    }
    address = _from_environment(url) if proxy == "auto" else "" if proxy == "none" else proxy
    if not address:
        return urllib3.PoolManager(**how)
    address, login = _without_login(address)
    return urllib3.ProxyManager(address, proxy_headers=login, **how)


def _from_environment(url: str) -> str:
    site = urlsplit(url)
    if proxy_bypass_environment(site.netloc):
        return ""
    proxies = getproxies_environment()
    address = proxies.get(site.scheme) or proxies.get("all") or ""
    return address if "://" in address or not address else f"http://{address}"


def _without_login(address: str) -> tuple[str, dict[str, str] | None]:
    parts = urlsplit(address)
    if not parts.username:
        return address, None
    login = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    host = parts.netloc.rpartition("@")[2]
    headers = urllib3.make_headers(proxy_basic_auth=login)
    return urlunsplit(parts._replace(netloc=host)), dict(headers)
