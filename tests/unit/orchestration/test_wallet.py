"""Tokens between commands: what is handed out, renewed, kept, forgotten and never shown."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestration.errors import OrchestrationError, SignInEnded, TokenRefused, Unfit
from orchestration.lock import turn
from orchestration.tokens import Held, Issued, TokenStore, Wallet
from orchestration.tokens.held import check_id_token, hold, user_of
from orchestration.tokens.wallet import Fallback
from tests.fakes.orchestration import FakeClock, jwt

ISSUER = "https://idp.example.com"


@dataclass
class FakeAuthority:
    """Renews what is not in `ended`; with rotation each refresh token is good for one use."""

    rotates: bool = True
    ended: set[str] = field(default_factory=set)
    trouble: OrchestrationError | None = None
    refreshed: list[str] = field(default_factory=list)

    def refresh(self, held: Held) -> Issued:
        if self.trouble:
            raise self.trouble
        if held.refresh in self.ended:
            raise SignInEnded("gone", remedy="none")
        self.refreshed.append(held.refresh)
        if self.rotates:
            self.ended.add(held.refresh)
        number = len(self.refreshed)
        return Issued(f"access-{number}", f"refresh-{number}" if self.rotates else "", expires_in_s=900)

    def revoke(self, held: Held) -> bool:
        self.ended.add(held.refresh)
        return True


@contextmanager
def unlocked(path: Path) -> Iterator[None]:
    yield


@dataclass
class Scene:
    folder: Path
    authority: FakeAuthority = field(default_factory=FakeAuthority)
    clock: FakeClock = field(default_factory=FakeClock)

    @property
    def wallet(self) -> Wallet:
        return Wallet(ISSUER, TokenStore(self.folder / "tokens", unlocked), self.authority, self.clock)

    def held(self, left_s: float = 900, **changes: str) -> Held:
        one = Held(ISSUER, "app", "ann", "srp", self.clock.now() + left_s, "access-0", "refresh-0", "")
        return replace(one, **changes)  # type: ignore[arg-type]

    def keep(self, held: Held) -> Wallet:
        self.wallet.keep(held)
        return self.wallet


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [
        pytest.param(121, "access-0", id="holds"),
        pytest.param(120, "access-1", id="two-minutes"),
        pytest.param(50, "access-1", id="fifty-seconds"),
        pytest.param(-5, "access-1", id="over"),
    ],
)
def test_a_token_is_renewed_two_minutes_before_its_end(scene: Scene, left_s: float, expected: str) -> None:
    assert scene.keep(scene.held(left_s)).take("app").access == expected


@pytest.mark.parametrize(("rotates", "kept"), [(True, "refresh-1"), (False, "refresh-0")])
def test_the_refresh_token_of_the_last_answer_is_kept(scene: Scene, rotates: bool, kept: str) -> None:
    scene.authority.rotates = rotates
    scene.keep(scene.held(50)).take("app")
    found = scene.wallet.held("app")
    assert found is not None and (found.refresh, found.username, found.flow) == (kept, "ann", "srp")


def test_a_token_that_was_turned_away_is_renewed_whatever_its_end(scene: Scene) -> None:
    wallet = scene.keep(scene.held())
    assert wallet.take("app", refused="access-0").access == "access-1"
    # Another caller who was turned away with the old one finds the new one.
    assert wallet.take("app", refused="access-0").access == "access-1"
    assert scene.authority.refreshed == ["refresh-0"]


def test_an_ended_sign_in_is_one_line_and_forgotten(scene: Scene) -> None:
    scene.authority.ended.add("refresh-0")
    with pytest.raises(TokenRefused) as caught:
        scene.keep(scene.held(50)).take("app")
    assert caught.value.code == "sign_in_ended"
    with pytest.raises(SignInEnded, match="ann"):
        scene.wallet.take("app")
    assert "refresh-0" not in caught.value.message and caught.value.remedy == "invoke login --client app"
    assert scene.wallet.held("app") is None


def test_nobody_answers_in_the_name_of_who_signed_in(scene: Scene) -> None:
    scene.authority.ended.add("refresh-0")
    fallback = Fallback("demo-caller", lambda: scene.held(access="demo-access", username="demo-caller"))
    wallet = scene.keep(scene.held(50))
    for _ in range(2):  # the second command finds no tokens, and still whose they were
        with pytest.raises(SignInEnded, match="ann"):
            wallet.take("app", fallback=fallback)
    wallet.drop("app")
    assert wallet.take("app", fallback=fallback).access == "demo-access"


@pytest.mark.parametrize(
    "trouble",
    [Unfit("the provider is away", remedy="wait"), TokenRefused("invalid_client", remedy="set the secret")],
    ids=["away", "refused-for-another-reason"],
)
def test_only_the_end_of_a_sign_in_ends_it(scene: Scene, trouble: OrchestrationError) -> None:
    wallet = scene.keep(scene.held(50))
    scene.authority.trouble = trouble
    with pytest.raises(type(trouble), match=trouble.message):
        wallet.take("app")
    scene.authority.trouble = None
    assert wallet.take("app").access == "access-1"


@pytest.mark.parametrize(("left_s", "refused"), [(66, "access-0"), (65, "")], ids=["turned-away", "too-short"])
def test_while_the_provider_is_away_a_token_serves_to_its_last_minute(
    scene: Scene, left_s: float, refused: str
) -> None:
    scene.authority.trouble = Unfit("the provider is away", remedy="wait")
    assert scene.keep(scene.held(66)).take("app").access == "access-0"
    with pytest.raises(Unfit):
        scene.keep(scene.held(left_s)).take("app", refused=refused)


def test_without_a_sign_in_the_fallback_is_used_and_kept(scene: Scene) -> None:
    fallback = Fallback("demo", lambda: scene.held(access="demo-access", username="demo"))
    assert scene.wallet.take("app", fallback=fallback).access == "demo-access"
    assert scene.wallet.take("app").access == "demo-access"


def test_without_anybody_it_says_how_to_sign_in(scene: Scene) -> None:
    with pytest.raises(TokenRefused) as caught:
        scene.wallet.take("app")
    assert (caught.value.code, caught.value.remedy) == ("not_signed_in", "invoke login --client app")


def test_the_last_to_sign_in_is_the_client_s_current_user(scene: Scene) -> None:
    wallet = scene.keep(scene.held())
    wallet.keep(scene.held(username="bob", access="bobs"))
    assert (wallet.take("app").access, wallet.take("app", "ann").access) == ("bobs", "access-0")


def test_to_act_once_as_somebody_is_not_to_sign_in_as_them(scene: Scene) -> None:
    fallback = Fallback("second", lambda: scene.held(access="seconds", username="second"))
    wallet = scene.keep(scene.held())
    assert wallet.take("app", "second", fallback=fallback).access == "seconds"
    assert wallet.take("app").access == "access-0"


def test_tokens_of_another_issuer_are_not_handed_out(scene: Scene) -> None:
    with pytest.raises(TokenRefused):
        scene.keep(scene.held(issuer="https://a-pool-that-was.example.com")).take("app")


def test_a_file_that_others_may_read_is_refused(scene: Scene) -> None:
    wallet = scene.keep(scene.held())
    wallet.store.path.chmod(0o640)
    with pytest.raises(Unfit) as caught:
        wallet.take("app")
    assert caught.value.code == "tokens_exposed"


ENTRY = (
    '{"version": 1, "current": {}, "held": [{"issuer": "https://idp.example.com", "client_id": "app", '
    '"username": "", "flow": "srp", "expires_at": END, "access": "tok"}]}'
)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"{}", id="nothing"),
        pytest.param(b'{"version": 1, "current": {}, "held": [{"access": "tok"}]}', id="half"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b"[" * 200_000, id="nested"),
        pytest.param(b'{"version": 1, "current": [], "held": []}', id="current-is-a-list"),
        pytest.param(b" " * 4_000_001, id="huge"),
        *(
            pytest.param(ENTRY.replace("END", end).encode(), id=end[:8])
            for end in ("Infinity", "NaN", "1e400", "true", "9" * 400, '"9"')
        ),
    ],
)
@pytest.mark.parametrize("command", ["take", "held", "drop"])
def test_a_spoilt_file_is_told_without_what_is_in_it(scene: Scene, content: bytes, command: str) -> None:
    wallet = scene.keep(scene.held())
    wallet.store.path.write_bytes(content)
    with pytest.raises(Unfit) as caught:
        getattr(wallet, command)("app")
    assert caught.value.code == "corrupt_tokens" and 'tok"' not in caught.value.message


def test_what_is_no_file_of_ours_is_not_read(scene: Scene) -> None:
    wallet = scene.keep(scene.held())
    others = Wallet(ISSUER, replace(wallet.store, uid=lambda: -1), scene.authority, scene.clock)
    with pytest.raises(Unfit) as caught:
        others.take("app")
    assert caught.value.code == "tokens_exposed"
    elsewhere = wallet.store.path.rename(scene.folder / "elsewhere.json")
    wallet.store.path.symlink_to(elsewhere)
    with pytest.raises(Unfit):
        wallet.take("app")
    wallet.store.path.unlink()
    os.mkfifo(wallet.store.path, 0o600)
    with pytest.raises(Unfit):
        wallet.take("app")


def test_the_file_is_for_its_owner_and_the_objects_show_no_token(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    wallet = Wallet(ISSUER, TokenStore(tmp_path / "t", turn), scene.authority, scene.clock)
    held = scene.held(access="access-secret", refresh="refresh-secret")
    wallet.keep(held)
    assert wallet.store.path.stat().st_mode & 0o777 == 0o600
    assert json.loads(wallet.store.path.read_text())["held"][0]["access"] == "access-secret"
    assert "secret" not in repr(held) + repr(Issued("access-secret", "refresh-secret", "id-secret"))


def test_the_end_is_the_token_s_own_or_else_what_the_provider_said() -> None:
    def end(issued: Issued) -> float:
        return hold(issued, issuer=ISSUER, client_id="app", flow="srp", now=1000.0).expires_at

    assert end(Issued(jwt(exp=5000), expires_in_s=1)) == 5000
    assert end(Issued("opaque", expires_in_s=60)) == 1060
    assert end(Issued("opaque")) == 1000


@pytest.mark.parametrize("end", ["1e400", "NaN", "true", "9" * 400, '"9"', "[" * 100_000], ids=lambda end: end[:6])
def test_an_end_that_is_no_number_is_not_believed(end: str) -> None:
    claims = base64.urlsafe_b64encode(f'{{"exp": {end}}}'.encode()).decode().rstrip("=")
    token = f"e30.{claims}.sig"
    held = hold(Issued(token, expires_in_s=60), issuer=ISSUER, client_id="app", flow="srp", now=1000.0)
    assert held.expires_at == 1060
    with pytest.raises(TokenRefused, match="end"):
        check_id_token(token, issuer=ISSUER, client_id="app", nonce="n-1", now=1000.0)


def test_the_user_is_read_from_the_tokens() -> None:
    assert user_of(Issued(jwt(username="ann"))) == "ann"
    assert user_of(Issued("opaque", id=jwt(username=None, sub="s-1"))) == "s-1"
    assert user_of(Issued("opaque")) == ""


@pytest.mark.parametrize("wrong", ["iss", "aud", "nonce", "sub", "exp"])
def test_an_id_token_of_another_sign_in_is_refused(wrong: str) -> None:
    good = {"iss": ISSUER, "aud": ["app"], "nonce": "n-1", "sub": "s-1", "exp": 2000}
    check_id_token(jwt(**good), issuer=ISSUER, client_id="app", nonce="n-1", now=1000.0)
    for bad in (None, "", 5) if wrong == "sub" else (None, "other", 5):
        with pytest.raises(TokenRefused) as caught:
            check_id_token(jwt(**{**good, wrong: bad}), issuer=ISSUER, client_id="app", nonce="n-1", now=1000.0)
        assert caught.value.code == "wrong_id_token"
