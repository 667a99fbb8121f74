"""What the sandbox forbids, and that real work goes on in it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.boot import probes
from tests.boot.installed import PATIENCE, UNITS, Service
from tests.boot.machine import Machine
from tests.boot.test_serving import USERS
from tests.targets import loopback
from tests.test_units import settings
from tests.waiting import wait_for

PROBES = "/srv/probes.py"
PYTHON = "/opt/syncd/bin/python3"
PROGRAM = """
[tools.program]
kind = "command"
file = "program.csv"
timer = "on arrival"
argv = [{argv}, "{{file}}"]
"""
UNSEEN = {
    "PrivateMounts": "there is nothing to see from within",
    "ProtectKernelTunables": "/proc/sys is not even there; what is left is root's",
    "ProtectKernelLogs": "only privileges open them",
    "ProtectControlGroups": "they are root's",
    "ProtectClock": "only privileges set it",
    "ProtectHostname": "only privileges set it",
    "RestrictRealtime": "no user may, without a limit that allows it",
    "SystemCallArchitectures": "it takes a program for another machine",
    "SystemCallErrorNumber": "how the probes of the filter end, instead of being killed",
    "IPAddressAllow": "the run over loopback",
}
"""What a probe of any user can't show, and why."""

MOODLE = """
import signal, sys
from pathlib import Path
from loopback import loopback
with loopback(Path("/var/lib/moodle")) as server:
    Path("/run/moodle.new").write_text(server.url)
    Path("/run/moodle.new").rename("/run/moodle")
    signal.pause()
"""
REST = """
[target]
kind = "rest"
url = "{url}"
token_credential = "token"
"""


def program(*argv: str, environment: str = "") -> str:
    """The settings of a tool with this program."""
    return PROGRAM.format(argv=", ".join(f"'{word}'" for word in argv)) + environment


def outcome(service: Service, *argv: str, environment: str = "") -> str:
    """What a program writes that the service runs."""
    service.settings(program(*argv, environment=environment))
    service.start()
    service.drops("x\n", "program.csv")
    return service.report(service.hears("run.ended"))


@pytest.fixture(scope="module")
def open_places(host: Machine) -> None:
    """Places on the machine that any user may go to."""
    host.does("install", "-d", "-m", "1777", "/srv/open")
    host.does("install", "-d", "-m", "0755", "/home/open", "/usr/lib/modules/open")
    host.does("touch", "/tmp/of-others", "/srv/of-erp")
    host.does("chown", "erp", "/srv/of-erp")
    host.writes(PROBES, Path(probes.__file__).read_text())


@pytest.mark.usefixtures("open_places")
def test_a_user_reaches_all_that_is_probed(host: Machine) -> None:
    """Else a probe that finds something locked would prove nothing."""
    scratch = host.does("runuser", "-u", "syncd", "--", "mktemp", "-d").strip()
    asked = ["env", f"SCRATCH={scratch}", PYTHON, PROBES]
    said = host.does("runuser", "-u", "syncd", "--", "sh", "-c", f"umask 0022; {' '.join(asked)}")
    assert {name for name, found in json.loads(said).items() if found != "open"} == set()


@pytest.mark.usefixtures("open_places")
def test_a_program_of_the_service_reaches_none_of_it(service: Service) -> None:
    """Each directive of the unit holds, and none keeps the program from running."""
    report = outcome(service, PYTHON, PROBES, environment=f'environment = {{ SCRATCH = "{service.state}" }}\n')
    found = json.loads(next(line[line.index("{") :] for line in report.splitlines() if "{" in line))
    assert {name for name, state in found.items() if state != "locked"} == set()
    assert found.keys() == probes.PROBES.keys()


def test_each_directive_is_probed_or_can_only_be_read() -> None:
    """A new line of the unit's sandbox comes with its probe, or with why there can be none."""
    keys = set(settings((UNITS / "syncd.service").read_text()))
    sandbox = {key for key in keys if key.startswith(("Protect", "Private", "Restrict", "SystemCall", "IPAddress"))}
    sandbox -= {"RestartPreventExitStatus"}
    probed = {name.partition(":")[0] for name in probes.PROBES}
    assert sandbox - probed - UNSEEN.keys() == set()
    assert probed | UNSEEN.keys() <= keys


def test_a_program_leaves_no_dump_and_no_shared_memory(service: Service) -> None:
    """A core would hold the token; what is shared with nobody any more would stay for ever."""
    report = outcome(service, "/bin/sh", "-c", "echo core: $(ulimit -c); ipcmk -M 4096")
    assert "core: 0" in report
    assert "syncd" in service.machine.does("ipcs", "-m")
    service.stop()
    assert "syncd" not in service.machine.does("ipcs", "-m")


def test_a_shell_works_in_it(service: Service) -> None:
    """Pipes, temporary files, the usual programs."""
    script = "cat $0 | sort > /tmp/sorted && grep -c x /tmp/sorted && ps -o comm= | sort -u | head -n 1 && id -un"
    report = outcome(service, "/bin/sh", "-ec", script)
    assert "ended with" not in report
    assert "syncd" in report


@pytest.mark.skipif(not shutil.which("php"), reason="PHP can't be found (Debian: php-cli).")
def test_php_works_in_it_without_a_warning(service: Service) -> None:
    """With the drop-in for programs: its regular expressions are compiled."""
    service.drop_in("programs", (UNITS / "drop-ins/programs.conf").read_text())
    report = outcome(service, "php", "-r", 'echo preg_replace("/(a+)b/", "$1", "php aab works"), PHP_EOL;')
    assert "php aa works" in report
    assert "JIT" not in report


@pytest.fixture(scope="module")
def moodle(host: Machine) -> Iterator[str]:
    """The address of a site that answers over HTTP, on the machine."""
    host.writes("/opt/moodle/loopback.py", Path(loopback.__file__).read_text())
    host.writes("/opt/moodle/serve.py", MOODLE)
    host.does("install", "-d", "/var/lib/moodle")
    host.does("systemd-run", "--unit=moodle", PYTHON, "/opt/moodle/serve.py")
    address = host.root / "run/moodle"
    wait_for(address.exists, PATIENCE, "a site that answers")
    yield address.read_text()
    host.run("systemctl", "stop", "moodle")


@pytest.fixture
def token(host: Machine) -> Iterator[None]:
    """The site's token, in the credential store of the machine."""
    host.writes("/etc/credstore/syncd.token", loopback.TOKEN + "\n", 0o600)
    yield
    host.does("rm", "-f", "/etc/credstore/syncd.token")


@pytest.mark.usefixtures("token")
def test_a_run_over_rest_is_made_with_the_token_of_the_credential_store(service: Service, moodle: str) -> None:
    """syncd's user can't read the store; what systemd hands over is enough."""
    assert service.machine.run("runuser", "-u", "syncd", "--", "cat", "/etc/credstore/syncd.token").returncode
    service.settings(target=REST.format(url=moodle))
    service.start()
    service.drops(USERS)
    assert service.hears("run.ended")["created"] == "2"


def test_an_encrypted_token_is_handed_over_decrypted(service: Service, moodle: str) -> None:
    """By the line that site.conf has for it."""
    machine = service.machine
    machine.does("install", "-d", "-m", "0700", "/etc/credstore.encrypted")
    stored = "/etc/credstore.encrypted/syncd.token"
    machine.does("systemd-creds", "encrypt", "--name=token", "-", stored, stdin=loopback.TOKEN.encode())
    (line,) = [
        line
        for line in (UNITS / "drop-ins/site.conf").read_text().splitlines()
        if "LoadCredentialEncrypted=token" in line
    ]
    service.drop_in("token", f"[Service]\n{line.removeprefix('#')}\n")
    service.settings(target=REST.format(url=moodle))
    service.start()
    service.drops(USERS)
    assert service.hears("run.ended")["unchanged"] == "2"
    machine.does("rm", stored)


def test_who_asks_is_recorded_as_proven_or_not(service: Service) -> None:
    """Of root the kernel tells; of an administrator in the group only the administrator does."""
    machine = service.machine
    machine.run("useradd", "--system", "--groups", "syncd", "anne")
    service.start()
    service.syncd("pause", "users")
    assert service.hears("request.received")["by"] == "root"
    machine.does("runuser", "-u", "anne", "--", "/opt/syncd/bin/syncd", "resume", "users")
    assert service.hears("request.received", 2)["by"] == "anne (not proven)"


@pytest.mark.usefixtures("token")
def test_doctor_finds_the_token_of_the_running_service(service: Service, moodle: str) -> None:
    """Root finds where systemd has put the credentials; while the service does not run, there are none."""
    service.settings(target=REST.format(url=moodle))
    doctor = ["/opt/syncd/bin/syncd", "doctor"]
    assert "systemd gave no credentials" in service.machine.run(*doctor).stdout
    service.start()
    said = service.machine.run(*doctor)
    assert "systemd gave no credentials" not in said.stdout
    assert "Functions that the tools need" in said.stdout, said
    assert "shortname" in service.syncd("courses")


def test_doctor_sees_what_the_sandbox_closes(service: Service) -> None:
    """By the lines of the unit, or where it runs by what its process sees; what it says to type opens it."""
    machine, doctor = service.machine, ["/opt/syncd/bin/syncd", "doctor"]
    closed = f"its sandbox does not let it write {service.drop}"
    service.drop_in("site", "[Service]\nSupplementaryGroups=sftp\nRestartSec=100ms\n")
    said = machine.run(*doctor)
    assert (said.returncode, closed in said.stdout) == (1, True), said
    (typed,) = {line for line in said.stdout.splitlines() if line.startswith("mkdir -p /etc/systemd/system/")}
    machine.does("sh", "-euc", typed)
    assert "lets it write the drop folder" in service.syncd("doctor")
    machine.does("nsenter", "-t", str(service.pid), "-m", "mount", "-o", "remount,bind,ro", service.drop)
    assert closed in machine.run(*doctor).stdout
