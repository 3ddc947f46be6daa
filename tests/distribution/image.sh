#!/bin/sh
# SPDX-License-Identifier: ISC
# make check-image: the static programs and the image are built in two places, and what is in the image runs, with nothing else around it.
. "$(dirname "$0")/../tap.sh"
if ! command -v "${MUSL_CC:-musl-gcc}" >/dev/null; then
	skip "the image can be built" "${MUSL_CC:-musl-gcc} is not installed"
	finish
fi
build() { "$here/tools/export.sh" "$1" && SOURCE_DATE_EPOCH=1700000000 make -s -C "$1" -j2 image; }
ok "the image can be built" build "$work/one"
ok "and once more, elsewhere" build "$work/two"
ok "both have the same bytes" diff -r one/build/image two/build/image
programs=one/build/static
for program in atomicdir secretdir; do
	ok "$program needs no shared library and no loader" sh -c "! readelf -lW $programs/$program | grep -E 'INTERP|DYNAMIC'"
	echo "# $program: $(stat -c %s $programs/$program) bytes"
done

# ---- What is in it ----

oci=one/build/image/oci
blob() { echo "$oci/blobs/sha256/${1#sha256:}"; }
field() { python3 -c 'import json, sys; value = json.load(open(sys.argv[1]))
for name in sys.argv[2:]: value = value[int(name) if name.isdigit() else name]
print(value)' "$@"; }
is "$(cd $oci/blobs/sha256 && sha256sum -- * | awk '$1 != $2')" "" "each blob has the name of its bytes"
manifest=$(blob "$(field $oci/index.json manifests 0 digest)")
layer=$(blob "$(field "$manifest" layers 0 digest)")
config=$(blob "$(field "$manifest" config digest)")
is "$(gzip -dc "$layer" | sha256sum | cut -d ' ' -f 1)" "$(field "$config" rootfs diff_ids 0 | cut -d : -f 2)" "the configuration names the layer"
is "$(field "$config" created)" 2023-11-14T22:13:20Z "its time is SOURCE_DATE_EPOCH"
if ! command -v umoci >/dev/null; then skip "umoci reads it" "umoci is not installed"
elif [ "$(id -u)" != 0 ]; then ok "umoci reads it" umoci unpack --rootless --image "$oci:$(sed -n 's/^VERSION = //p' "$here/Makefile")" bundle
else ok "umoci reads it" umoci unpack --image "$oci:$(sed -n 's/^VERSION = //p' "$here/Makefile")" bundle; fi
mkdir root && tar -C root -xzf "$layer"
echo "# $(stat -c %s "$layer") bytes compressed, $(du -sb root | cut -f 1) unpacked"
spdx=one/build/image/atomicdir.spdx.json
is "$(field $spdx spdxVersion) $(field $spdx dataLicense)" "SPDX-2.3 CC0-1.0" "what is in it is told as SPDX 2.3"
ok "each file with the hash of its bytes, and no other" python3 - $spdx root <<'PY'
import hashlib, json, os, sys
document, root = json.load(open(sys.argv[1])), sys.argv[2]
told = {entry["fileName"]: entry["checksums"][1]["checksumValue"] for entry in document["files"]}
found = {os.path.join(".", os.path.relpath(os.path.join(place, name), root)): hashlib.sha256(open(os.path.join(place, name), "rb").read()).hexdigest()
         for place, _, names in os.walk(root) for name in names}
assert told == found, set(told.items()) ^ set(found.items())
identifiers = {document["SPDXID"]} | {item["SPDXID"] for kind in ("packages", "files") for item in document[kind]}
for relation in document["relationships"]:
    assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= identifiers, relation
contained = [relation["relatedSpdxElement"] for relation in document["relationships"] if relation["relationshipType"] == "CONTAINS"]
assert sorted(contained) == sorted(entry["SPDXID"] for entry in document["files"])
PY

# ---- It runs ----

# enter COMMAND...: in the image's files, with what a container has besides, as the image's user where the caller is root.
enter() {
	own="--map-root-user" user=
	[ "$(id -u)" != 0 ] || own="--propagation=private" user="--userspec=65532:65532"
	# shellcheck disable=SC2016 # for the shell inside
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin AWS_ENDPOINT_URL="${AWS_ENDPOINT_URL:-}" AWS_CA_BUNDLE=/run/ca.pem AWS_REGION=us-east-1 \
		AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY \
		timeout 20 unshare "$own" --mount sh -ec 'user=$1; shift
			for directory in proc dev; do mount --rbind /$directory root/$directory; done
			exec chroot $user root "$@"' sh "$user" "$@"
}
if ! enter /usr/bin/atomicdir --version >out 2>err; then
	skip "what is in it runs" "nothing can be run in another root here: $(tail -n 1 err)"
	finish
fi
chmod 1777 root/run root/tmp
. "$here/tests/aws/start.sh"
start_server
control put db --string '{"user":"app"}' >/dev/null
cp "$AWS_CA_BUNDLE" root/run/ca.pem && chmod 644 root/run/ca.pem
ok "secretdir fetches from AWS, with its helpers and their libraries" enter /usr/bin/secretdir sync /run/secrets db/=db
is "$(cat root/run/secrets/db/user)" app "and publishes"
printf '%s\n' '- path: key' '  secret: db' >root/run/spec.yaml
ok "and by a spec" enter /usr/bin/secretdir sync --spec /run/spec.yaml /run/by-spec
for helper in root/usr/libexec/atomicdir/*; do
	enter "${helper#root}" </dev/null >out 2>err
	ok "the loader finds all libraries of ${helper##*/}" test $? -ne 127
done
ok "a command can be run with what atomicdir published" enter /usr/bin/atomicdir exec /run/secrets -- /usr/bin/atomicdir --version
finish
