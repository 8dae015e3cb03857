"""ARCHIVES: the log in a file, for backups and for the way to another database."""

from eventdocs.archive._export import Exported, export_log
from eventdocs.archive._import import Imported, import_log
from eventdocs.archive._progress import ArchiveProgress

__all__ = ["ArchiveProgress", "Exported", "Imported", "export_log", "import_log"]
