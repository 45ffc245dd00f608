"""The derived database: what the files of a workspace say, where SQL can reach it. All SQL of the project lives in this package.

Nothing is lost with it: a database that is damaged, or of another version, is thrown away and filled again from the files.
"""

from ftft.store.ingest import Ingested
from ftft.store.ownership import look_into, open_database
from ftft.store.store import Store

__all__ = ["Ingested", "Store", "look_into", "open_database"]
