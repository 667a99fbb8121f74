"""What a site says instead of an answer, sorted by who must act."""

import re
from collections.abc import Mapping
from typing import Any

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    NameResolutionError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

from syncd.core.capabilities import CAPABILITIES
from syncd.errors import AnswerLost, ItemRefused, SiteRefused, SiteUnreachable, SyncdError, TooMuch

ENDPOINT = "/webservice/rest/server.php"

_FAULT = frozenset({"", "generalexceptionmessage"})  # what an error of PHP has in place of a code

_ACCOUNT = "the token's user can't use it: look at the account in Moodle"

NOT_SERVED = {
    "invalidtoken": "the token is not valid: mistyped, deleted, or expired (Moodle deletes those that are): "
    "make one in Moodle, and put it where the settings say",
    "accessexception": "the function is not in the token's service, the service is off, or the token's user may not "
    "use it: Server > Web services > External services in Moodle; or the token has just expired, or is restricted to "
    "other addresses than this machine's: Server > Web services > Manage tokens; and the user needs "
    "webservice/rest:use",
    "servicenotavailable": "the service is not available: enable it in Moodle",
    "servicerequireslogin": "the function can't be called with a token",
    "wsaccessuserdeleted": f"{_ACCOUNT}: it is deleted",
    "wsaccessuserexpired": f"{_ACCOUNT}: its password has expired",
    "wsaccessusernologin": f"{_ACCOUNT}: its authentication is nologin",
    "wsaccessusersuspended": f"{_ACCOUNT}: it is suspended",
    "wsaccessuserunconfirmed": f"{_ACCOUNT}: it is not confirmed",
    "usernotconfirmed": f"{_ACCOUNT}: it is not confirmed",
    "usernotfullysetup": f"{_ACCOUNT}: its profile lacks what the site asks of every account",
    "passwordisexpired": f"{_ACCOUNT}: its password has expired",
    "forcepasswordchangenotice": f"{_ACCOUNT}: it must change its password first",
    "sitepolicynotagreed": f"{_ACCOUNT}: it has not agreed to the site's policy",
}
"""Moodle's error codes that say that it won't serve us at all, each with what an administrator must do."""

AWAY = {
    "sitemaintenance": "is in maintenance",
    "upgraderunning": "is being upgraded",
    "dbconnectionfailed": "has no connection to its database",
}
"""Moodle's error codes that say that it serves nobody now, each with what is said of the site."""

DATABASE = frozenset(
    {"dbconnectionfailed", "dmlreadexception", "dmlwriteexception", "dmltransactionexception", "ddlexception"}
)
"""Moodle's error codes that say that its database failed it."""

KNOWN_BUGS = {
    # Moodle 5.1: a list of ids with one of a course that is gone.
    "core_course_get_courses_by_field": "contextvalidated",
}
"""Functions in which a PHP error is only Moodle's way to say that something is not there, and what it says then."""


def not_sent(url: str, function: str, error: HTTPError) -> SiteUnreachable:
    """What a broken connection means: nothing was sent, or nobody knows."""
    reason = getattr(error, "reason", None) if isinstance(error, urllib3.exceptions.MaxRetryError) else None
    match reason or error:
        case NewConnectionError() | NameResolutionError() | ConnectTimeoutError():
            return SiteUnreachable(f"{url} can't be reached: {_plain(error)}")
        case SSLError():
            return SiteUnreachable(f"{url} is not to be trusted: {_plain(error)}")
        case ProxyError():
            return SiteUnreachable(f"the proxy on the way to {url} does not let us through: {_plain(error)}")
    return AnswerLost(f"{url} did not answer {function}: {_plain(error)}")


def not_ok(url: str, function: str, status: int, headers: Mapping[str, str], body: bytes) -> SyncdError:
    """What a status other than 200 means. Moodle itself answers everything with 200, or does not answer."""
    match status:
        case 301 | 302 | 303 | 307 | 308:
            there = headers.get("Location", "").partition(ENDPOINT)[0].partition("?")[0]
            return SiteRefused(f"{url} sends us on to {there}: if that is the site, write url = {there!r}")
        case 407:
            return SiteUnreachable(
                f"the proxy on the way to {url} does not let us through: it wants a log-in (HTTP 407)"
            )
        case 401:
            return SiteRefused(f"{url} wants a log-in before it lets anybody to Moodle (HTTP {status})")
        case 403 if body.strip():
            return SiteRefused(f"{url} forbids it (HTTP 403): something before Moodle, such as a firewall, refuses us")
        case 403:
            return SiteRefused(
                f"{url} forbids it (HTTP 403): enable web services and the REST protocol in Moodle, "
                "under Server > Web services > Overview"
            )
        case 413:
            return TooMuch(f"the web server takes no request of this size (HTTP 413, {function})")
        case 429 | 503:
            return SiteUnreachable(f"{url} is in maintenance or overloaded (HTTP {status})")
        case _ if status >= 500:
            return AnswerLost(f"{url} failed in {function} (HTTP {status})")
    return SiteRefused(f"{url} answers HTTP {status} where Moodle's web services should be: check the url")


def no_json(url: str, function: str, body: bytes) -> SyncdError:
    """What an answer means that is none of Moodle's: PHP broke off, or this is no Moodle."""
    text = body.decode(errors="replace").strip()
    if not text:
        return AnswerLost(f"{url} broke off in {function}: its answer is empty")
    if found := re.search(r"(Fatal error|Parse error|Warning|Notice|Deprecated)(?:</b>)?:\s*([^<\n]{1,200})", text):
        return AnswerLost(f"{url} broke off in {function}: PHP says {found[1]}: {found[2].strip()}")
    if text[0] in "[{":
        return AnswerLost(f"{url} broke off in {function}: its answer is cut off")
    title = re.search(r"<title[^>]*>\s*([^<]{1,100})", text, re.IGNORECASE)
    page = f', but with the page "{title[1].strip()}"' if title else ""
    return SiteRefused(f"{url} answers{page}, and not as Moodle's web services do: check the url")


def exception(url: str, function: str, answer: Mapping[str, Any], *, piecemeal: bool = False) -> SyncdError:
    """What an exception means that Moodle answers; `piecemeal`: parts of the call may have been committed before it."""
    code, message = str(answer.get("errorcode") or ""), _text(answer)
    if piecemeal and (code in DATABASE or code in _FAULT):
        return AnswerLost(f"{url} broke off in {function}: {answer.get('exception', '')}: {message}")
    if code in AWAY:
        return SiteUnreachable(f"{url} {AWAY[code]}")
    if code in NOT_SERVED:
        return SiteRefused(f"{url} refuses {function}: {NOT_SERVED[code]} (Moodle says: {message})")
    if code in {"nopermissions", "nopermission"}:
        return SiteRefused(f"{url} refuses {function}: {_to_tick(function)} (Moodle says: {message})")
    if code not in _FAULT:
        return ItemRefused(code, _said(answer))
    if KNOWN_BUGS.get(function, "\0") in message:
        return ItemRefused("invalidrecord", _said(answer))
    return SiteRefused(
        f"{url} has a fault in {function}, which its administrator must look into (the web server's log has more): "
        f"{answer.get('exception', '')}: {message}"
    )


def _to_tick(function: str) -> str:
    needed = ", ".join(CAPABILITIES.get(function, ()))
    what = (
        f"the capability that Moodle names, perhaps one of {needed}" if needed else "the capability that Moodle names"
    )
    return f"the token's user lacks {what}: tick it in the user's role, under Users > Permissions > Define roles"


def _said(answer: Mapping[str, Any]) -> str:
    return " ".join(str(answer[key]) for key in ("message", "debuginfo") if answer.get(key))


def _text(answer: Mapping[str, Any]) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", _said(answer)).split())


def _plain(error: Exception) -> str:
    # urllib3 puts the connection's repr before what happened.
    return str(error).rpartition(">: ")[2] or type(error).__name__
