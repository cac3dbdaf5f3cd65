#!/usr/bin/env bash
# Published four-stem archives -> the layout that training reads. See --help.
set -euo pipefail

STEMS="bass drums guitar piano"
MAX_LISTED=20

usage() {
    cat <<'TEXT'
Usage: convert_data_format.sh [options]

Links the unpacked archives {bass,drums,guitar,piano}_22050 into one folder per track:

    SOURCE/bass_22050/train/Track00001.wav            (flat, as published)
    SOURCE/bass_22050/train/Track00001/mix.wav        (one folder per track)
        -> TARGET/train/Track00001/bass.wav

Files are hard links, so they take no space; where links are impossible they are copies.
Running it again adds what is new and leaves the rest alone.

Options:
  --source DIR   where the *_22050 folders are (default: the folder of this script)
  --target DIR   the data set to make (default: SOURCE/slakh2100)
  --copy         copy instead of linking
  --dry-run      say what would be done and change nothing
  --help         this text

Exit status: 0 done (or nothing left to do), 1 no stem found or a file failed, 2 wrong usage.
TEXT
}

fail() {
    echo "error: $1" >&2
    exit "${2:-1}"
}

parse_arguments() {
    source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
    target_dir="" dry_run=0 copy_only=0
    while [ $# -gt 0 ]; do
        case "$1" in
            --source | --target)
                [ $# -ge 2 ] || fail "$1 needs a folder (see --help)" 2
                if [ "$1" = --source ]; then source_dir=$2; else target_dir=$2; fi
                shift
                ;;
            --copy) copy_only=1 ;;
            --dry-run) dry_run=1 ;;
            --help | -h) usage && exit 0 ;;
            *) fail "unknown option '$1' (see --help)" 2 ;;
        esac
        shift
    done
    [ -d "$source_dir" ] || fail "source folder '$source_dir' does not exist" 2
    target_dir=${target_dir:-$source_dir/slakh2100}
}

# Puts one file in place as a hard link or a copy, whole or not at all.
place() {
    local from=$1 to=$2 partial="$2.partial.$$"
    rm -f -- "$partial"
    if [ "$copy_only" = 1 ] || ! ln -- "$from" "$partial" 2>/dev/null; then
        cp -p -- "$from" "$partial" || { rm -f -- "$partial" && return 1; }
        copied=$((copied + 1))
    fi
    mv -f -- "$partial" "$to"
}

# Handles one stem of one track: counts it as kept, placed or failed.
add_stem() {
    local from=$1 stem=$2 split=$3 track=$4
    local folder="$target_dir/$split/$track"
    local to="$folder/$stem.wav"
    found=$((found + 1))
    if [ "$from" -ef "$to" ] || { [ -f "$to" ] && cmp -s -- "$from" "$to"; }; then
        kept=$((kept + 1))
    elif [ "$dry_run" = 1 ]; then
        echo "would place $to"
        placed=$((placed + 1))
    elif mkdir -p -- "$folder" && place "$from" "$to"; then
        placed=$((placed + 1))
    else
        echo "error: could not place '$to'" >&2
        failed=$((failed + 1))
    fi
}

convert() {
    local stem split_dir split file track
    for stem in $STEMS; do
        for split_dir in "$source_dir/${stem}_22050"/*/; do
            [ -d "$split_dir" ] || continue
            split=$(basename "$split_dir")
            for file in "$split_dir"*.wav "$split_dir"*/mix.wav; do
                [ -f "$file" ] || continue
                track=$(basename "$file" .wav)
                [ "$track" = mix ] && track=$(basename "$(dirname "$file")")
                add_stem "$file" "$stem" "$split" "$track"
                printf '%s/%s %s\n' "$split" "$track" "$stem" >>"$list"
            done
        done
    done
}

# Says per split how many tracks there are, and which of them lack a stem.
report() {
    sort -u "$list" | awk -v stems="$STEMS" -v limit="$MAX_LISTED" '
        { stem = $NF; track = substr($0, 1, length($0) - length(stem) - 1)
          if (!(track in has)) order[++count] = track
          has[track] = has[track] " " stem " " }
        END {
            total = split(stems, wanted, " ")
            for (i = 1; i <= count; i++) {
                track = order[i]; split_name = track; sub("/.*", "", split_name)
                missing = ""
                for (j = 1; j <= total; j++)
                    if (index(has[track], " " wanted[j] " ") == 0) missing = missing " " wanted[j]
                tracks[split_name]++
                if (missing == "") { complete[split_name]++; continue }
                if (++lacking <= limit) lines = lines "  " track " has no" missing "\n"
            }
            for (name in tracks)
                printf "%s: %d tracks, %d with all %d stems\n", name, tracks[name], complete[name], total
            if (lacking) printf "%d tracks lack stems (they count as absent, not as silence):\n%s", lacking, lines
            if (lacking > limit) printf "  and %d more\n", lacking - limit
        }'
    local verb="placed"
    [ "$dry_run" = 1 ] && verb="to place"
    echo "$found stems found: $placed $verb ($copied as copies), $kept already there, $failed failed"
}

main() {
    parse_arguments "$@"
    found=0 placed=0 kept=0 copied=0 failed=0
    list=$(mktemp)
    trap 'rm -f -- "$list"' EXIT
    convert
    if [ "$found" = 0 ]; then
        fail "no stem found: expected '$source_dir/bass_22050/train/Track00001.wav' or the like; \
unpack the archives there or pass --source (see --help)"
    fi
    report
    [ "$failed" = 0 ] || exit 1
}

main "$@"
