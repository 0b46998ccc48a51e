#!/usr/bin/env python3
"""Writes what the program is linked from as CycloneDX 1.6: the Swift packages whose modules are in it, what they carry of others' code, the
Swift runtime, and the system's libraries. Fails where the README's table of dependencies does not have exactly those packages and libraries.

usage: sbom.py CONFIGURATION OUTPUT, with the program built in .build/CONFIGURATION
"""
from __future__ import annotations

import json
import re
import subprocess
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CHECKOUTS = ROOT / ".build" / "checkouts"
# By the first words that tell them apart.
LICENCES = {"Apache License": "Apache-2.0", "Permission is hereby granted": "MIT"}
# What Debian's packages say in prose (/usr/share/doc/*/copyright).
OF_SYSTEM = {"libhiredis": "BSD-3-Clause", "libssl": "Apache-2.0", "libc6": "LGPL-2.1-or-later", "libstdc++": "GPL-3.0-or-later WITH GCC-exception-3.1",
             "libgcc": "GPL-3.0-or-later WITH GCC-exception-3.1", "zlib": "Zlib"}
Component = dict[str, Any]


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def component(name: str, version: str, licence: str, purl: str, *inside: Component) -> Component:
    kind = "expression" if " " in licence else "license"
    licences = [{kind: licence if kind == "expression" else {"id": licence}}]
    made: Component = {"type": "library", "bom-ref": purl, "name": name, "version": version, "licenses": licences, "purl": purl}
    return {**made, "components": list(inside)} if inside else made


def licence(checkout: Path) -> str:
    """The SPDX id of a package's licence; raises where it is one that nobody has looked at."""
    text = " ".join(next(checkout.glob("LICENSE*")).read_text().split())
    return next(id for words, id in LICENCES.items() if words in text)


def carried(checkout: Path) -> list[Component]:
    """The code of others that a package has in it."""
    if checkout.name == "swift-nio":
        header = (checkout / "Sources/CNIOLLHTTP/include/c_nio_llhttp.h").read_text()
        version = ".".join(re.findall(r"define LLHTTP_VERSION_\w+ (\d+)", header))
        return [component("llhttp", version, "MIT", f"pkg:github/nodejs/llhttp@v{version}")]
    if boring := {"swift-nio-ssl": "CNIOBoringSSL", "swift-crypto": "CCryptoBoringSSL"}.get(checkout.name):
        revision = re.findall(r"[0-9a-f]{40}", (checkout / "Sources" / boring / "hash.txt").read_text())[0]
        return [component("boringssl", revision, "OpenSSL AND ISC", f"pkg:github/google/boringssl@{revision}")]
    if checkout.name.lower() == "yams":
        return [component("libyaml", "0.2.5", "MIT", "pkg:github/yaml/libyaml@0.2.5")]
    return []


def packages(build: Path) -> list[Component]:
    """The Swift packages of which a module is linked."""
    linked = set(re.findall(r"/([^/]+)\.build/", (build / "satgate.product" / "Objects.LinkFileList").read_text()))
    found = []
    for pin in json.loads((ROOT / "Package.resolved").read_text())["pins"]:
        checkout = CHECKOUTS / Path(pin["location"]).stem
        if linked & {each.name for each in (checkout / "Sources").iterdir()}:
            version, place = pin["state"]["version"], pin["location"].removeprefix("https://").removesuffix(".git")
            found.append(component(checkout.name, version, licence(checkout), f"pkg:swift/{place}@{version}", *carried(checkout)))
    return found


def runtime() -> Component:
    """Swift's standard library and Foundation, which are linked in, with the Unicode data they carry."""
    version = re.search(r"Swift version (\S+)", output("swift", "--version"))[1]
    icu = component("icu", "as in Swift", "Unicode-3.0", f"pkg:github/swiftlang/swift-foundation-icu@swift-{version}-RELEASE")
    return component("swift", version, "Apache-2.0 WITH Swift-exception", f"pkg:github/swiftlang/swift@swift-{version}-RELEASE", icu)


def libraries(binary: Path) -> list[Component]:
    """The system's packages that the program's shared libraries are of."""
    paths = {str(Path(found).resolve()) for found in re.findall(r"(/\S+) \(0x", output("ldd", str(binary)))}
    owners = {line.split(":")[0] for path in paths for line in owned(path)}
    found = []
    for name in sorted(owners):
        version, arch = output("dpkg-query", "-W", "-f", "${Version} ${Architecture}", name).split()[:2]
        id = next(licence for prefix, licence in OF_SYSTEM.items() if name.startswith(prefix))
        found.append(component(name, version, id, f"pkg:deb/debian/{name}@{version}?arch={arch}"))
    return found


def owned(path: str) -> list[str]:
    """dpkg's word on whose file it is; where /lib is a link, it may know the file by that name alone. Nothing: no package's."""
    for name in (path, path.removeprefix("/usr")):
        asked = subprocess.run(["dpkg", "-S", name], capture_output=True, text=True)
        if asked.returncode == 0:
            return asked.stdout.splitlines()
    return []


def undocumented(names: set[str]) -> list[str]:
    """What the README's table lacks, or has too much."""
    section = (ROOT / "README.md").read_text().split("## Dependencies", 1)[-1].split("\n## ", 1)[0]
    listed = {name for line in section.splitlines() for name in re.findall(r"`([^`]+)`", line.split("|")[1] if line.startswith("|") else "")}
    return [f"{name}: missing in the README" for name in sorted(names - listed)] + [f"{name}: not linked" for name in sorted(listed - names)]


def main() -> int:
    build = ROOT / ".build" / sys.argv[1]
    binary = build / "satgate"
    parts = [*packages(build), runtime(), *libraries(binary)]
    version = re.search(r'text = "([^"]+)"', (ROOT / "Sources/satgate/SatGate.swift").read_text())[1]
    program = {"type": "application", "bom-ref": "satgate", "name": "satgate", "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}]}
    references = [part["bom-ref"] for part in parts]
    bom = {
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, ' '.join(references))}",
        "metadata": {"timestamp": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"), "component": program},
        "components": parts, "dependencies": [{"ref": "satgate", "dependsOn": references}]}
    Path(sys.argv[2]).write_text(json.dumps(bom, indent=1) + "\n")
    print(f"{sys.argv[2]}: {len(parts)} components")
    flaws = undocumented({part["name"] for part in parts})
    print("\n".join(flaws), end="\n" if flaws else "")
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main())
