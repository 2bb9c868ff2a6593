"""One broker for every way to get a token. Whoever needs one imports it from here."""

from orchestration.tokens.broker import Client, IdentityProvider, Once, Person, TokenBroker, UserTokens, people
from orchestration.tokens.desk import REDIRECT_URIS, Desk, DeskTokens, Wish
from orchestration.tokens.flows import AppClient, Flow, Issuers
from orchestration.tokens.held import Held, Issued, claims_of
from orchestration.tokens.store import TokenStore
from orchestration.tokens.wallet import Wallet

__all__ = [
    "REDIRECT_URIS",
    "AppClient",
    "Client",
    "Desk",
    "DeskTokens",
    "Flow",
    "Held",
    "IdentityProvider",
    "Issued",
    "Issuers",
    "Once",
    "Person",
    "TokenBroker",
    "TokenStore",
    "UserTokens",
    "Wallet",
    "Wish",
    "claims_of",
    "people",
]
