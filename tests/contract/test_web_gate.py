"""The gate over HTTP, as a marketing tool meets it."""

import asyncio
import csv
import io
import json

import pytest
from aiohttp import ClientSession
from msgspec.structs import replace
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from app.ids import CustomerId, OutputId
from app.outputs import Decision, Notice
from app.web.access import Role
from tests.support.asked_site import NOW, asked, got, posted, site_with_ledgers
from tests.support.explained_customer import outputs
from tests.support.told_site import TOKENS, tell


def test_a_held_customer_is_answered_with_reason_since_until_and_freshness() -> None:
    status, answer, headers = got(site_with_ledgers(), "/v1/customers/held/may-send?class=promotion&channel=email")
    assert status == 200
    assert answer["allowed"] is False
    assert answer["why"] == "hold"
    (hold,) = answer["holds"]
    assert (hold["reason"], hold["until"], hold["owner"]) == ("late_delivery", "made good", "problem-1")
    assert hold["since"] == "2026-09-21T14:13:20.000Z"
    assert answer["freshness"] == {"as_of": "2026-09-21T14:13:20.000Z", "age_ms": 0, "stale": False}
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("path", "allowed", "why"),
    [
        ("held/may-send?class=survey&channel=email", True, "free"),
        ("held/may-send?class=recovery&channel=email", True, "never_held"),
        ("held/may-send?class=transactional", True, "never_held"),
        ("back/may-send?class=promotion", False, "ramp"),
        ("nobody/may-send?class=promotion", True, "free"),
    ],
)
def test_each_customer_gets_the_ledgers_answer(path: str, allowed: bool, why: str) -> None:
    _, answer, _ = got(site_with_ledgers(), f"/v1/customers/{path}")
    assert (answer["allowed"], answer["why"]) == (allowed, why)


def test_a_batch_is_answered_in_order_by_every_name_and_tells_no_one_who_it_is() -> None:
    questions = [
        {"customer": "held"},
        {"email": "HELD@example.org"},
        {"helpdesk_id": "Z-1", "class": "survey"},
        {"phone": "+44 1"},
    ]
    status, answer, _ = posted(site_with_ledgers(), "/v1/may-send", {"class": "promotion", "questions": questions})
    assert status == 200
    assert [one["allowed"] for one in answer["answers"]] == [False, False, True, True]
    assert [one["known"] for one in answer["answers"]] == [True, True, True, False]
    assert answer["answers"][1]["customer"] is None


def test_ten_thousand_at_once_are_answered_and_one_more_is_refused() -> None:
    site = site_with_ledgers()
    questions = [{"customer": f"C-{number}"} for number in range(10_000)]
    status, answer, _ = posted(site, "/v1/may-send", {"class": "promotion", "questions": questions})
    assert status == 200
    assert len(answer["answers"]) == 10_000
    status, answer, _ = posted(site, "/v1/may-send", {"class": "promotion", "questions": [*questions, questions[0]]})
    assert status == 400
    assert "at most 10000" in answer["error"]


def test_a_whole_list_is_answered_line_by_line_and_a_bad_line_stops_nobody() -> None:
    lines = [{"customer": f"C-{number}"} for number in range(3_000)]
    lines[7] = {"customer": "held"}
    lines[8] = {"customer": "held", "class": "promotions"}
    body = b"\n".join(json.dumps(line).encode() for line in lines)
    status, text, headers = posted(site_with_ledgers(), "/v1/may-send/stream?class=promotion", body)
    answers = [json.loads(line) for line in text.splitlines()]
    assert status == 200
    assert headers["Content-Type"] == "application/x-ndjson"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert len(answers) == 3_000
    assert answers[7]["allowed"] is False
    assert answers[7]["freshness"] == {"as_of": "2026-09-21T14:13:20.000Z", "age_ms": 0, "stale": False}
    assert answers[8]["field"] == "class"
    assert all(answer["allowed"] for answer in answers[9:])


def test_a_caller_who_goes_away_in_the_middle_of_a_list_is_no_error_of_ours() -> None:
    site = site_with_ledgers()
    begun = (
        "POST /v1/may-send/stream?class=promotion HTTP/1.1\r\nHost: gate\r\n"
        f"Authorization: Bearer {TOKENS[Role.GATE]}\r\nTransfer-Encoding: chunked\r\n\r\n"
    ).encode()
    lines = b'{"customer": "held"}\n' * 2_000

    async def ask(session: ClientSession, at: str) -> int:
        port = int(at.rsplit(":", 1)[1])
        for _ in range(5):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(begun + b"%x\r\n%b\r\n" % (len(lines), lines))
            await reader.readline()
            # not all of it is read, so that the connection ends with a reset
            writer.transport.abort()
        async with session.get(f"{at}/v1/customers/held/may-send?class=promotion") as response:
            return response.status

    assert asked(site, ask) == 200
    counted = {
        sample.labels["status"]
        for family in site.meters.registry.collect()
        for sample in family.samples
        if sample.name == "makegood_web_requests_total"
    }
    assert counted == {"200"}


@pytest.mark.parametrize(
    ("body", "field", "error"),
    [
        (b"{", None, "not JSON"),
        ({"questions": [{"email": 7}]}, "$.questions[0].email", "Expected `str | null`, got `int`"),
        ({"questions": [{"customer": "a", "mail": "b"}]}, "$.questions[0]", "unknown field `mail`"),
        ({"questions": [{}]}, "questions[0].class", "must be one of"),
        ({"class": "promotion", "questions": [{}]}, "questions[0].customer", "exactly one of"),
        (
            {"class": "promotion", "questions": [{"customer": "a", "email": "b"}]},
            "questions[0].customer",
            "exactly one of",
        ),
        ({"class": "promotion", "channel": "fax", "questions": [{"customer": "a"}]}, "questions[0].channel", "email"),
    ],
)
def test_a_question_nobody_can_answer_is_refused_with_its_place(body: object, field: str | None, error: str) -> None:
    status, answer, _ = posted(site_with_ledgers(), "/v1/may-send", body)
    assert status == 400
    assert answer.get("field") == field
    assert error in answer["error"]


def test_a_word_that_no_hold_could_cover_is_an_error_not_an_allowance() -> None:
    status, answer, _ = got(site_with_ledgers(), "/v1/customers/held/may-send?class=promotions")
    assert (status, answer["field"]) == (400, "class")


@pytest.mark.parametrize(
    "path",
    [
        "/v1/customers/held/may-send?class=promotion",
        "/v1/customers/held/hold-audio",
        "/v1/exclusions.csv",
        "/v1/severe-cases.json",
        "/customers/ann",
        "/board",
        "/live",
    ],
)
def test_nobody_is_let_in_without_a_token(path: str) -> None:
    status, answer, headers = got(site_with_ledgers(), path, role=None)
    assert status == 401
    assert "Authorization: Bearer" in answer["error"]
    assert headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("path", "role"),
    [
        ("/v1/customers/held/may-send?class=promotion", Role.AUDITOR),
        ("/v1/severe-cases.csv", Role.GATE),
        ("/board", Role.GATE),
        ("/customers/ann", Role.GATE),
    ],
)
def test_a_token_without_the_role_is_refused_and_told_which_it_needs(path: str, role: Role) -> None:
    status, answer, _ = got(site_with_ledgers(), path, role)
    assert status == 403
    assert "this needs the role" in answer["error"]


def test_what_needs_no_role_says_nothing_about_anybody() -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/login", "/static/style.css"):
        status, body, _ = got(site_with_ledgers(), path, role=None)
        assert status == 200, path
        assert "held@" not in str(body)
    assert got(site_with_ledgers(), "/static/../server.py", role=None)[0] == 404


def test_a_guesser_of_tokens_has_to_wait() -> None:
    site = site_with_ledgers()

    async def ask(session: ClientSession, at: str) -> list[int]:
        found = []
        for number in range(8):
            headers = {"Authorization": f"Bearer wrong{number}"}
            async with session.get(f"{at}/v1/customers/held/hold-audio", headers=headers) as response:
                found.append(response.status)
        return found

    assert asked(site, ask) == [401] * 5 + [429] * 3


def test_a_caller_past_its_rate_has_to_wait() -> None:
    site = site_with_ledgers(calls_per_second=3)

    async def ask(session: ClientSession, at: str) -> list[int]:
        found = []
        for _ in range(5):
            async with session.get(f"{at}/v1/customers/held/hold-audio") as response:
                found.append(response.status)
        return found

    assert asked(site, ask) == [200, 200, 200, 429, 429]


def test_a_body_past_the_limit_is_refused() -> None:
    assert posted(site_with_ledgers(), "/v1/may-send", b"x" * (9 * 1024 * 1024))[0] == 413


def test_a_held_caller_is_sold_nothing_while_waiting() -> None:
    _, answer, _ = got(site_with_ledgers(), "/v1/customers/held/hold-audio")
    assert answer["may_play"] == ["music"]
    assert {"sales", "upsell"} <= set(answer["must_not_play"])
    _, answer, _ = got(site_with_ledgers(), "/v1/customers/nobody/hold-audio")
    assert answer["must_not_play"] == []


def test_planners_get_whom_to_leave_out_as_a_table_and_as_json() -> None:
    site = site_with_ledgers()
    status, text, headers = got(site, "/v1/exclusions.csv?class=promotion", Role.OPERATOR)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert status == 200
    assert {row["customer"]: row["why"] for row in rows} == {"held": "hold", "back": "ramp"}
    assert headers["Content-Disposition"] == 'attachment; filename="exclusions-promotion.csv"'
    _, listed, _ = got(site, "/v1/exclusions.json?class=promotion", Role.GATE)
    assert [row["customer"] for row in listed["rows"]] == [row["customer"] for row in rows]


def test_what_a_customer_is_called_is_text_and_nothing_else() -> None:
    status, page, _ = got(site_with_ledgers(), "/customers/%3Cscript%3Ealert(1)%3C%2Fscript%3E", Role.AUDITOR)
    assert status == 200
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_form_of_another_site_is_refused() -> None:
    async def ask(session: ClientSession, at: str) -> int:
        async with session.post(
            f"{at}/login", data={"token": "x"}, headers={"Sec-Fetch-Site": "cross-site"}
        ) as response:
            return response.status

    assert asked(site_with_ledgers(), ask) == 403


def test_a_campaign_leaves_out_who_is_held_from_it_and_the_severe_cases_its_planner_was_told_of() -> None:
    site = site_with_ledgers()
    for template, lists in (
        ("campaign_exclusions_part", {"customers": "held, S-1, S-2"}),
        ("campaign_exclusions_changed", {"added": "S-3"}),
        ("campaign_exclusions_changed", {"removed": "S-1"}),
    ):
        fields = {"campaign": "K-1", "message_class": "promotion", "channels": "email", **lists}
        name = OutputId(f"{template}{lists}")
        shard = CustomerId("severe:house:0")
        tell(site, [Notice(name, NOW, shard, "campaign_planner", template, None, None, None, fields, "")])
    _, listed, _ = got(site, "/v1/campaigns/K-1/exclusions.json", Role.OPERATOR)
    assert {row["customer"]: row["why"] for row in listed["rows"]} == {
        "held": "hold",
        "back": "ramp",
        "S-2": "severe_case",
        "S-3": "severe_case",
    }
    assert got(site, "/v1/campaigns/K-2/exclusions.csv", Role.OPERATOR)[0] == 404


def test_a_stale_gate_gives_no_list() -> None:
    site = site_with_ledgers()
    site.model.follows(lambda: None)
    assert got(site, "/v1/exclusions.csv", Role.OPERATOR)[0] == 503
    assert got(site, "/readyz", role=None)[0] == 503
    _, answer, _ = got(site, "/v1/customers/nobody/may-send?class=promotion")
    assert (answer["allowed"], answer["why"], answer["freshness"]["age_ms"]) == (False, "stale", None)


def test_the_openapi_document_is_valid_and_names_every_path_of_the_gate() -> None:
    _, document, _ = got(site_with_ledgers(), "/openapi.json", role=None)
    OpenAPIV31SpecValidator(document).validate()
    assert sorted(document["paths"]) == [
        "/v1/campaigns/{id}/exclusions.csv",
        "/v1/campaigns/{id}/exclusions.json",
        "/v1/customers/{id}/hold-audio",
        "/v1/customers/{id}/may-send",
        "/v1/exclusions.csv",
        "/v1/exclusions.json",
        "/v1/may-send",
        "/v1/may-send/stream",
        "/v1/severe-cases.csv",
        "/v1/severe-cases.json",
    ]
    answer = document["components"]["schemas"]["MaySend"]
    assert {"allowed", "why", "class", "holds", "ramp", "freshness"} <= set(answer["properties"])


def test_an_answer_has_the_form_that_the_document_says() -> None:
    site = site_with_ledgers()
    _, document, _ = got(site, "/openapi.json", role=None)
    schema = {"$ref": "#/components/schemas/MaySend", "components": document["components"]}
    for path in ("held/may-send?class=promotion", "back/may-send?class=promotion", "nobody/may-send?class=survey"):
        _, answer, _ = got(site, f"/v1/customers/{path}")
        OAS31Validator(schema).validate(answer)


def test_the_gate_answers_while_a_long_page_is_written() -> None:
    site = site_with_ledgers()
    decisions = [one for one in outputs() if isinstance(one, Decision)]
    tell(site, [replace(one, id=OutputId(f"{one.id}/{number}")) for number in range(100) for one in decisions])

    async def ask(session: ClientSession, at: str) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {TOKENS[Role.AUDITOR]}", "Accept": "text/html"}
        page = asyncio.create_task(session.get(f"{at}/customers/ann", headers=headers))
        answered = 0
        while not page.done():
            async with session.get(f"{at}/v1/customers/held/may-send?class=promotion") as response:
                answered += response.status == 200
        return len(await (await page).text()), answered

    length, answered = asked(site, ask)
    assert length > 50_000
    assert answered > 10
