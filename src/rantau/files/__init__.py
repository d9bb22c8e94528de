"""ALL file IO: JSON, JSON lines, parquet, arrays, atomic writing, sha256."""

from rantau.files.arrays import read_array, write_array
from rantau.files.disk import atomic, disk_errors
from rantau.files.hashes import files_below, sha256_file, sha256_folder, sha256_text
from rantau.files.json_lines import append_jsonl, read_appended_jsonl, read_jsonl, write_jsonl
from rantau.files.json_text import canonical_json, read_json, write_json
from rantau.files.parquet import (
    ROWS_PER_GROUP,
    group_sizes,
    read_group,
    read_group_rows,
    read_parquet,
    write_parquet,
    write_table,
)
from rantau.files.parquet_parts import join_parquet, write_kept, write_picked
from rantau.files.schema import document_schema
from rantau.files.text import read_text, write_text

__all__ = [
    "ROWS_PER_GROUP",
    "append_jsonl",
    "atomic",
    "canonical_json",
    "disk_errors",
    "document_schema",
    "files_below",
    "group_sizes",
    "join_parquet",
    "read_appended_jsonl",
    "read_array",
    "read_group",
    "read_group_rows",
    "read_json",
    "read_jsonl",
    "read_parquet",
    "read_text",
    "sha256_file",
    "sha256_folder",
    "sha256_text",
    "write_array",
    "write_json",
    "write_jsonl",
    "write_kept",
    "write_parquet",
    "write_picked",
    "write_table",
    "write_text",
]
