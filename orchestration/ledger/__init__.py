"""The one file beside Terraform's state that knows what was made. It holds no secret."""

from orchestration.ledger.file import LedgerFile
from orchestration.ledger.reading import SCHEMA_VERSION
from orchestration.ledger.records import GatewayRecord, Ledger, Ports, RuntimeRecord

__all__ = ["SCHEMA_VERSION", "GatewayRecord", "Ledger", "LedgerFile", "Ports", "RuntimeRecord"]
