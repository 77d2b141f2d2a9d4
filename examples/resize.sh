#!/bin/sh
# A job as a program: gopher worker --exec resize=./resize.sh
#
#   gopher submit -t resize file=photo.png width:=320
#
# The payload is JSON on stdin, the job is in GOPHER_* variables, stderr is the job's log, and the
# last line of stdout is its result. Exit codes: 0 done, 75 try again, 64 65 78 never try again.
set -eu
cd "$GOPHER_WORKER_DIR"  # it starts in an empty directory of its own; the file is where the worker stands

payload=$(cat)
file=$(printf '%s' "$payload" | sed -n 's/.*"file": *"\([^"]*\)".*/\1/p')
width=$(printf '%s' "$payload" | sed -n 's/.*"width": *\([0-9]*\).*/\1/p')

[ -n "$file" ] || { echo 'the payload has no "file"' >&2; exit 65; }
[ -f "$file" ] || { echo "$file is not there yet" >&2; exit 75; }

target="${file%.*}-${width:-320}.png"
echo "attempt $GOPHER_ATTEMPT: $file becomes $target" >&2
if command -v magick >/dev/null 2>&1; then
  magick "$file" -resize "${width:-320}" "$target"
elif command -v convert >/dev/null 2>&1; then
  convert "$file" -resize "${width:-320}" "$target"
else
  echo "ImageMagick is missing: install it, or use the built-in type image_processing" >&2
  exit 78
fi
printf '{"output":"%s"}\n' "$target"
