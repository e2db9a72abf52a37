#!/bin/sh
# Makes go.mod and go.sum anew for another version of Kubernetes: `relock.sh v1.34.4`. Needed at an upgrade only.
#
# Kubernetes' go.sum vouches for everything of others; the hashes of its own published modules, which it does not
# need itself, come from Go's checksum database.
set -eu
cd "$(dirname "$0")"
version=$1
export GOWORK=off GOFLAGS=-mod=mod
source=$(cd "$(mktemp -d)" && go mod download -json "k8s.io/kubernetes@$version" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
head=$(sed '/^module /q' go.mod)
{
    echo "$head"
    sed '1,/^module /d' "$source/go.mod" |
        grep -v -E 'k8s.io/(sample-cli-plugin|sample-controller) =>' |
        sed -E "s#=> \./staging/src/(k8s.io/.*)#=> \1 v0.${version#v1.}#"
} > go.mod.new
mv go.mod.new go.mod
cp "$source/go.sum" go.sum
chmod u+w go.sum
go mod edit -require="k8s.io/kubernetes@$version"
go build -n -o /dev/null . 2>/dev/null # resolves only, and writes the hashes that were missing
go mod verify
