"""docs/security.md and docs/fuzzing.md say what the code declares."""

from app.rights import READS, WRITES, ClusterRole, Kind, Operation, Right, rights
from app.settings import ROOT
from app.topics import CHANGELOGS, INPUTS, LOGS, OUTPUTS, Topic, declarations
from tests.fuzz.all_targets import targets

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
GROUPS = {"every input": INPUTS, "every log": LOGS, "every changelog": CHANGELOGS, "every output": OUTPUTS}


def named(topics: tuple[Topic, ...]) -> str:
    """Topics for people: whole groups by their name, the others by theirs."""
    left, said = list(topics), []
    for name, group in GROUPS.items():
        if set(group) <= set(left):
            said.append(name)
            left = [topic for topic in left if topic not in group]
        elif set(group) - set(left) == {Topic.OPERATOR_DECISIONS}:
            said.append(f"{name} but `{Topic.OPERATOR_DECISIONS}`")
            left = [topic for topic in left if topic not in group]
    return ", ".join([*said, *(f"`{topic}`" for topic in left)]) or "nothing"


def beside(role: ClusterRole) -> str:
    """Groups and transactional ids of a role, and what the admin may."""
    if role is ClusterRole.ADMIN:
        return "Create, Describe, DescribeConfigs, AlterConfigs on every topic; Describe, Alter on the cluster"
    mine: list[Right] = [
        right for right in rights("", "makegood") if right.role is role and right.kind is not Kind.TOPIC
    ]
    return ", ".join(
        f"{right.kind} `{right.name}{'*' if right.prefixed else ''}`"
        f"{' (Describe)' if right.operation is Operation.DESCRIBE else ''}"
        for right in mine
    )


def test_the_table_of_rights_is_the_declaration() -> None:
    for role in ClusterRole:
        row = f"| `{role}` | {named(READS.get(role, ()))} | {named(WRITES.get(role, ()))} | {beside(role)} |"
        assert row in PAGE, row


def test_the_retention_of_every_topic_is_told() -> None:
    for declared in declarations():
        kept = declared.retention
        days = "newest of each key" if kept.compacted else f"{kept.keep_ms // 86_400_000} days"
        row = next(
            line
            for line in PAGE.splitlines()
            if line.startswith("| ") and f"`{declared.topic}`" in line and days in line
        )
        assert row


def test_every_target_of_the_fuzzer_is_in_its_result() -> None:
    page = (ROOT / "docs" / "fuzzing.md").read_text(encoding="utf-8")
    for target in targets():
        assert f"| {target.name} | {target.what} |" in page
