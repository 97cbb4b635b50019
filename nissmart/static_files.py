"""Static files for production: our stylesheets and scripts are minified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any

import rcssmin
import rjsmin
from django.conf import settings
from django.core.files.base import ContentFile
from whitenoise.storage import CompressedManifestStaticFilesStorage

MINIFIERS: dict[str, Callable[[str], str]] = {".css": rcssmin.cssmin, ".js": rjsmin.jsmin}


class MinifiedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Minify our stylesheets and scripts, then name each file by its content and compress it.

    Files of installed apps (the admin's, htmx, Swagger's) stay as they are.
    """

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        if not dry_run:
            paths = {name: self.minified(name, *source) for name, source in paths.items()}
        yield from super().post_process(paths, dry_run, **options)

    def minified(self, name: str, storage: Any, path: str) -> tuple[Any, str]:
        """Where to read this file: its minified copy for one of ours, otherwise its source."""
        minify = MINIFIERS.get(PurePath(name).suffix)
        if minify is None or not is_ours(storage):
            return storage, path
        with storage.open(path) as source:
            text = source.read().decode()
        self.delete(name)
        self.save(name, ContentFile(minify(text).encode()))
        return self, name


def is_ours(storage: Any) -> bool:
    """Is this the storage of static/, and not of an installed app?"""
    return PurePath(storage.location) in map(PurePath, settings.STATICFILES_DIRS)
