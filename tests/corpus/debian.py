#!/usr/bin/env python3
"""Writes Debian's package index as import rows: some 60,000 real texts to search in.

    debian.py OUTPUT.ndjson

Names, texts, maintainers, sections, tags and versions are Debian's. What a package index lacks (price, currency,
stock, state) is made up from a hash of the name, so the same index always gives the same rows. The machine's own package lists
are read when they come with English descriptions; otherwise lists are downloaded (20 MB) into a folder beside the output.
Needs a Debian or Ubuntu with apt, no root, and nothing but Python's standard library.
"""
import glob
import hashlib
import json
import os
import re
import subprocess
import sys
from urllib.parse import urlsplit

SYSTEM_LISTS = "/var/lib/apt/lists"
ATTRIBUTES = {"architecture": "Architecture", "priority": "Priority", "version": "Version", "multi_arch": "Multi-Arch", "source": "Source"}


def main(output):
    folder = os.path.dirname(os.path.abspath(output))
    os.makedirs(folder, exist_ok=True)
    options, lists = package_lists(os.path.join(folder, "apt"))
    descriptions = {p["Description-md5"]: p.get("Description-en", "") for p in translations(lists) if "Description-md5" in p}
    packages = paragraphs(run(["apt-cache", *options, "dumpavail"]))
    ids, skus, count = set(), set(), 0
    with open(output + ".new", "w", encoding="utf-8") as rows:
        for package in sorted(packages, key=lambda p: p["Package"]):
            rows.write(json.dumps(to_row(package, descriptions, ids, skus), ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    os.replace(output + ".new", output)
    print(f"{output}: {count:,} rows, {os.path.getsize(output) / 1e6:.0f} MB")


def package_lists(own):
    """The options that make apt read lists with English descriptions, and the folder where these lie."""
    if glob.glob(SYSTEM_LISTS + "/*_Translation-en*"):
        return [], SYSTEM_LISTS
    options = ["-o", f"Dir::State::Lists={own}/lists", "-o", f"Dir::Cache={own}/cache", "-o", "Acquire::Languages=en"]
    if not glob.glob(own + "/lists/*_Translation-en*"):
        os.makedirs(own + "/lists/partial", exist_ok=True)
        os.makedirs(own + "/cache/archives/partial", exist_ok=True)
        subprocess.run(["apt-get", *options, "update"], check=True)
    return options, own + "/lists"


def translations(lists):
    for path in sorted(glob.glob(lists + "/*_Translation-en*")):
        # apt keeps lists plain or compressed, by its configuration; its own helper reads each kind.
        yield from paragraphs(run(["/usr/lib/apt/apt-helper", "cat-file", path]))


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.decode("utf-8", "replace")


def paragraphs(text):
    """Debian's control format: paragraphs of `Key: value`, where a line that begins with a space goes on with the value."""
    for block in text.split("\n\n"):
        fields, key = {}, None
        for line in block.split("\n"):
            if line.startswith((" ", "\t")):
                if key:
                    fields[key] += "\n" + line[1:]
            elif ":" in line:
                key, value = line.split(":", 1)
                fields[key] = value.strip()
        if fields:
            yield fields


def to_row(package, descriptions, ids, skus):
    name = package["Package"]
    digest = hashlib.sha256(name.encode()).digest()
    short, _, inline = package["Description"].partition("\n")
    _, _, long = descriptions.get(package.get("Description-md5"), "").partition("\n")
    # Fonts show off the replacement character; the catalog takes it for damage, and is right everywhere else.
    long = (long or inline).replace("\ufffd", "\u25a1")
    section = package["Section"].rpartition("/")[2]
    tags = [tag for tag in re.split(r"[,\s]+", package.get("Tag", "")) if "::" in tag and not tag.endswith("::TODO")]
    attributes = {key: package[field].partition(" (")[0] for key, field in ATTRIBUTES.items() if package.get(field)}
    host = urlsplit(package.get("Homepage", "")).hostname
    if host:
        attributes["homepage"] = host
    plain = name.replace("+", "p")
    row = {
        "productId": unique(re.sub(r"[^a-z0-9-]", "-", plain.lower()), 63, ids),
        "sku": unique(re.sub(r"[^A-Za-z0-9._/-]", "-", plain), 64, skus),
        "title": cut(f"{name}: {short}", 512),
        "description": cut(flow(long), 64 * 1024),
        "brand": cut(package["Maintainer"].partition(" <")[0].strip('" '), 256),
        "categories": list(dict.fromkeys([section, *tags]))[:32],
        "attributes": attributes,
        "price": price(int(package.get("Installed-Size", 0)), digest),
        "stockQuantity": str(0 if digest[2] < 20 else int.from_bytes(digest[3:5], "big") % 500),
        "state": "STATE_DISCONTINUED" if section == "oldlibs" or digest[5] < 5 else "STATE_DRAFT" if digest[5] < 10 else "STATE_ACTIVE",
    }
    return {key: value for key, value in row.items() if value}


def price(installed_kib, digest):
    """More for what takes more room, with a little chance; cents as shops like them."""
    units = 1 + int(installed_kib ** 0.5 / 2) + digest[0] % 10
    nanos = (990_000_000, 490_000_000, 0, 950_000_000)[digest[1] % 4]
    return {"currencyCode": "USD" if digest[1] < 150 else "EUR", "units": str(units)} | ({"nanos": nanos} if nanos else {})


def flow(text):
    """Joins the lines of each paragraph of a long description; indented lines, such as lists, stay lines of their own."""
    out = []
    for line in text.split("\n"):
        if line.strip() in (".", ""):
            out.append("\n\n")
        elif line.startswith(" ") or not out or out[-1].endswith("\n"):
            out.append(("\n" if out and not out[-1].endswith("\n") else "") + line.strip())
        else:
            out.append(" " + line.strip())
    return "".join(out).strip()


def unique(text, length, taken):
    text = text.lstrip("-")[:length] or "package"
    candidate, number = text, 2
    while candidate in taken:
        suffix = f"-{number}"
        candidate, number = text[:length - len(suffix)] + suffix, number + 1
    taken.add(candidate)
    return candidate


def cut(text, size):
    return text.encode()[:size].decode("utf-8", "ignore")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
