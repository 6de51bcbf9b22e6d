#!/usr/bin/env bash
# Renders the pieces and trains all bundled models on them, an hour and a half on one core.
#
#     models/train.sh [NAME...]
#
# Needs Rust, and Python 3.11 with numpy.
set -euo pipefail
cd "$(dirname "$0")/.."
pieces=target/pieces
mkdir -p "$pieces"
python=${PYTHON:-python3}
cargo build --release

render() { # FILE SCRIPT ARGUMENTS...
    [ -e "$pieces/$1.wav" ] || "$python" "models/$2" --output "$pieces/$1.wav" "${@:3}"
}
train() { # NAME PIECE ARGUMENTS...
    target/release/antiphon train "models/$1.json" --audio "$pieces/$2.wav" \
        --output "models/$1.onnx" --runs target/runs --force --threads 1 "${@:3}"
}

[ $# -gt 0 ] || set -- magnitude-spectrum bells bows vector column-vector transpose
for name in "$@"; do
    case $name in
    magnitude-spectrum | vector | column-vector)
        render guitar render_training_piece.py --rate 44100
        train "$name" guitar ;;
    bells | bows)
        render "$name" render_bells_and_bows.py --piece "$name"
        train "$name" "$name" ;;
    transpose)
        render guitar-11025 render_training_piece.py
        train "$name" guitar-11025 --minutes 8 ;;
    *)
        echo "models/train.sh: there is no bundled model $name" >&2
        exit 1 ;;
    esac
done
