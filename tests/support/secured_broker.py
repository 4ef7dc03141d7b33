"""A real broker that lets nobody in without a log-in and checks every right: TLS, SASL, access rules.

Its listeners: SASL_SSL with PLAIN and SCRAM, mutual TLS, mutual TLS between broker and controller, and a plain one
that the launcher's probe asks for metadata, whose nameless principal may do nothing.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

from app.broker import Broker
from app.broker.java import class_path, find_java
from app.broker.ports import free_port
from app.rights import ClusterRole
from app.settings import KafkaSettings
from tests.support.certificates import Authority, Pair

LogIn = Literal["PLAIN", "SCRAM-SHA-512", "mTLS"]
LOG_INS: Final[tuple[LogIn, ...]] = ("PLAIN", "SCRAM-SHA-512", "mTLS")

_USERS: Final = {f"makegood-{role}": f"secret-of-{role}" for role in ClusterRole}
STRANGER: Final = "stranger"


class SecuredBroker:
    """How each role logs in to it; `root` is the broker's own principal, which may do everything."""

    def __init__(self, broker: Broker, authority: Authority, ports: dict[str, int], folder: Path) -> None:
        self.broker = broker
        self._authority = authority
        self._ports = ports
        self._pairs: dict[str, Pair] = {}
        self.folder = folder

    def settings(self, role: ClusterRole | str, log_in: LogIn = "PLAIN") -> KafkaSettings:
        """Return the settings of a role, or of anyone by name."""
        name = f"makegood-{role}" if isinstance(role, ClusterRole) else role
        if log_in == "mTLS":
            pair = self._pairs.setdefault(name, self._authority.vouch(name))
            return self._settings("MTLS", "SSL", ssl_certfile=pair.certificate, ssl_keyfile=pair.key)
        secret = _USERS.get(name, "anything")
        return self._settings("SASL", "SASL_SSL", sasl_mechanism=log_in, sasl_username=name, sasl_password=secret)

    def root(self) -> KafkaSettings:
        """Return the settings of the broker's own principal."""
        return self.settings("broker", "mTLS")

    def nameless(self) -> KafkaSettings:
        """Return settings that log in as nobody, on the plain listener."""
        return KafkaSettings(bootstrap=self.broker.bootstrap, security_protocol="PLAINTEXT")

    def let_in_by_scram(self, role: ClusterRole) -> None:
        """Give a role a SCRAM password with Kafka's own tool."""
        root, name = self.root(), f"makegood-{role}"
        assert root.ssl_certfile is not None
        config = self.folder / "root.properties"
        both = self._pairs["broker"].together
        config.write_text(
            "security.protocol=SSL\nssl.truststore.type=PEM\nssl.keystore.type=PEM\n"
            f"ssl.truststore.location={self._authority.certificate}\nssl.keystore.location={both}\n",
            encoding="ascii",
        )
        what = ["--alter", "--entity-type", "users", "--entity-name", name]
        what += ["--add-config", f"SCRAM-SHA-512=[iterations=4096,password={_USERS[name]}]"]
        tool = [find_java(), "-Xmx64m", "-cp", class_path(), "kafka.admin.ConfigCommand"]
        where = ["--bootstrap-server", root.bootstrap, "--command-config", str(config)]
        subprocess.run([*tool, *where, *what], check=True, capture_output=True)

    def _settings(self, listener: str, protocol: str, **more: object) -> KafkaSettings:
        own = {"bootstrap": f"127.0.0.1:{self._ports[listener]}", "security_protocol": protocol}
        return KafkaSettings.model_validate({**own, "ssl_cafile": self._authority.certificate, **more})


@contextmanager
def secured_broker(folder: Path) -> Iterator[SecuredBroker]:
    """Start it over an empty folder; stopped at the end."""
    authority = Authority(folder)
    own = authority.vouch("broker")
    ports = {name: free_port() for name in ("SASL", "MTLS", "INSIDE")}
    open_ones = "PLAINTEXT://127.0.0.1:{port}," + ",".join(f"{name}://127.0.0.1:{at}" for name, at in ports.items())
    users = " ".join(f'user_{name}="{secret}"' for name, secret in _USERS.items())
    also = {
        "listeners": open_ones + ",CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": open_ones,
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL,INSIDE:SSL,CONTROLLER:SSL",
        "inter.broker.listener.name": "INSIDE",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        "super.users": "User:broker",
        "ssl.principal.mapping.rules": "RULE:^CN=([^,]+).*$/$1/,DEFAULT",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(own.together),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority.certificate),
        "ssl.client.auth": "required",
        "listener.name.sasl.ssl.client.auth": "none",
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "listener.name.sasl.plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule "
        f"required {users};",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule "
        "required;",
    }
    with Broker.start(folder / "data", also=also) as broker:
        yield SecuredBroker(broker, authority, ports, folder)
