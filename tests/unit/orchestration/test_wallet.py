"""Tokens between commands: what is handed out, renewed, kept and never shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from orchestration.errors import TokenRefused, Unfit
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
    refreshed: list[str] = field(default_factory=list)

    def refresh(self, held: Held) -> Issued:
        if held.refresh in self.ended:
            raise TokenRefused("gone", remedy="none")
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
    assert "refresh-0" not in caught.value.message and caught.value.remedy == "invoke login --client app"
    assert scene.wallet.held("app") is None


def test_nobody_answers_in_the_name_of_who_signed_in(scene: Scene) -> None:
    scene.authority.ended.add("refresh-0")
    fallback = Fallback("demo-caller", lambda: scene.held(access="demo-access", username="demo-caller"))
    with pytest.raises(TokenRefused, match="ann"):
        scene.keep(scene.held(50)).take("app", fallback=fallback)


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


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 1, "current": {}, "held": [{"access": "tok"}]}'])
def test_a_spoilt_file_is_told_without_what_is_in_it(scene: Scene, text: str) -> None:
    wallet = scene.keep(scene.held())
    wallet.store.path.write_text(text)
    with pytest.raises(Unfit) as caught:
        wallet.take("app")
    assert caught.value.code == "corrupt_tokens" and 'tok"' not in caught.value.message


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


def test_the_user_is_read_from_the_tokens() -> None:
    assert user_of(Issued(jwt(username="ann"))) == "ann"
    assert user_of(Issued("opaque", id=jwt(username=None, sub="s-1"))) == "s-1"
    assert user_of(Issued("opaque")) == ""


@pytest.mark.parametrize("wrong", ["iss", "aud", "nonce", "exp"])
def test_an_id_token_of_another_sign_in_is_refused(wrong: str) -> None:
    good = {"iss": ISSUER, "aud": ["app"], "nonce": "n-1", "exp": 2000}
    check_id_token(jwt(**good), issuer=ISSUER, client_id="app", nonce="n-1", now=1000.0)
    for bad in (None, "other", 5):
        with pytest.raises(TokenRefused) as caught:
            check_id_token(jwt(**{**good, wrong: bad}), issuer=ISSUER, client_id="app", nonce="n-1", now=1000.0)
        assert caught.value.code == "wrong_id_token"
