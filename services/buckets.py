"""The bucket for large inputs, as it is being entered: what is wrong of it, and whether it can be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from domain.buckets import READERS, BucketSettings
from domain.errors import StudioError
from infrastructure.secrets_file import SecretsFile
from infrastructure.serverless_inputs import Sent, store_of, tried


@dataclass(frozen=True)
class EnteredBucket:
    """`bucket` is what would be saved; a field with a fault has its kept value there."""

    bucket: BucketSettings
    faults: Mapping[str, str] = field(default_factory=dict)  # field -> sentence


def entered(values: Mapping[str, str], kept: BucketSettings) -> EnteredBucket:
    """What a form says, by the names of `BucketSettings`."""
    read, faults = {**vars(kept)}, {}
    for name, reads in READERS.items():
        try:
            read[name] = reads(values[name] or "")
        except StudioError as error:
            faults[name] = str(error)
    return EnteredBucket(BucketSettings(**read), faults)


def trial(bucket: BucketSettings, secrets: SecretsFile) -> Sent:
    """Puts a small file there as large ones will be, has it seen, and removes it. Raises StudioError."""
    store = store_of(bucket, secrets)
    if store is None:
        raise StudioError("No bucket is named. Name one first.")
    yield from tried(store)
