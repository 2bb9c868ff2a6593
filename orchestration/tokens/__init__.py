"""One broker for every way to get a token. Whoever needs one imports it from here."""

from orchestration.tokens.broker import Client, IdentityProvider, Once, Person, TokenBroker, UserTokens, people

__all__ = ["Client", "IdentityProvider", "Once", "Person", "TokenBroker", "UserTokens", "people"]
