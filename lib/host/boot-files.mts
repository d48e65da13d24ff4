/**
 * Shell functions that edit the files behind a host's boot entries, and undo the edits. They are
 * text for a script that runs as root.
 */

/**
 * Functions of a POSIX shell; $state is the folder that they keep copies in.
 *
 * - `grub_change add|remove WORD` edits a copy of /etc/default/grub (and, if $grub_folder is set,
 *   of the files of that folder), evaluates it in a shell before and after as grub-mkconfig does,
 *   and writes it only if the arguments differ by exactly that one.
 * - `grub_sets WORD` reports whether a shell that evaluates these files gets that word.
 * - `line_change FILE add|remove WORD` does the same for a file of one line, such as
 *   /etc/kernel/cmdline.
 * - `append FILE LINE` adds a line at the end of a file.
 * - `restore` undoes all of that. It restores the copy from before if the file is unchanged since;
 *   otherwise it undoes only the one word or line, keeps the copy, and prints its path.
 *
 * Links, modes and owners are preserved. A function that cannot make its change returns 1 and
 * changes nothing.
 */
export const bootFileFunctions = String.raw`
put() { # NEW PATH
  target=$(readlink -f "$2") && cp -p "$target" "$target.homelab-gpu" && cat "$1" >"$target.homelab-gpu" &&
    mv -f "$target.homelab-gpu" "$target"
}
keep_and_put() { # NEW PATH
  ! cmp -s "$1" "$2" || return 0
  if [ -z "$undoing" ]; then
    mkdir -p "$state/before$(dirname "$2")" "$state/after$(dirname "$2")" || return 1
    # a file that somebody changed since has a new state from before
    if [ ! -e "$state/after$2" ] || ! cmp -s "$2" "$state/after$2"; then cp -p "$2" "$state/before$2" || return 1; fi
    cp "$1" "$state/after$2" || return 1
  fi
  put "$1" "$2"
}
note() { # what was done, for the way back
  [ -n "$undoing" ] || grep -qsxF -e "$*" "$state/changes" || echo "$*" >>"$state/changes"
}
grub_copy() {
  work=$state/work
  rm -rf "$work"
  mkdir -p "$work/grub.d"
  [ ! -f /etc/default/grub ] || cat /etc/default/grub >"$work/grub"
  [ -n "$grub_folder" ] || return 0
  for path in "$grub_folder"/*.cfg; do
    [ ! -f "$path" ] || cat "$path" >"$work/grub.d/$(basename "$path")"
  done
}
grub_words() { # the words that the copy sets, then everything else that it sets
  for path in "$work/grub" "$work"/grub.d/*.cfg; do
    [ ! -f "$path" ] || sh -n "$path" 2>/dev/null || return 1
  done
  # shellcheck disable=SC2016 # for the shell that is started here
  env -i PATH="$PATH" LC_ALL=C sh -c '
    homelab_gpu=$1
    for homelab_gpu_path in "$homelab_gpu/grub" "$homelab_gpu"/grub.d/*.cfg; do
      [ ! -f "$homelab_gpu_path" ] || . "$homelab_gpu_path"
    done >/dev/null 2>&1 </dev/null
    unset IFS
    set -f
    for homelab_gpu_name in GRUB_CMDLINE_LINUX GRUB_CMDLINE_LINUX_DEFAULT; do
      eval "homelab_gpu_words=\$$homelab_gpu_name"
      for homelab_gpu_word in $homelab_gpu_words; do printf "%s\n" "$homelab_gpu_name $homelab_gpu_word"; done
    done
    unset GRUB_CMDLINE_LINUX GRUB_CMDLINE_LINUX_DEFAULT
    unset homelab_gpu_path homelab_gpu_name homelab_gpu_words homelab_gpu_word
    set | sed "
      /^\(BASH[A-Z_]*\|COLUMNS\|LINES\|DIRSTACK\|EPOCH[A-Z]*\|FUNCNAME\|GROUPS\|HIST[A-Z]*\|LINENO\)=/d
      /^\(OPTIND\|PIPESTATUS\|PPID\|RANDOM\|SECONDS\|SHLVL\|SRANDOM\|_\)=/d
      s/^/else /
    "
    echo end
  ' sh "$work" >"$1" 2>/dev/null </dev/null
  [ "$(tail -n 1 "$1")" = end ]
}
grub_sets() { # WORD
  grub_copy
  grub_words "$work/new" && grep -qxF -e "GRUB_CMDLINE_LINUX $1" -e "GRUB_CMDLINE_LINUX_DEFAULT $1" "$work/new"
}
grub_fits() { grub_words "$work/new" && cmp -s "$work/new" "$work/wanted"; }
grub_change() { # add|remove WORD
  grub_copy
  [ -f "$work/grub" ] && grub_words "$work/old" || return 1
  if [ "$1" = add ]; then
    ! grep -qxF -e "GRUB_CMDLINE_LINUX $2" -e "GRUB_CMDLINE_LINUX_DEFAULT $2" "$work/old" || return 0
    {
      sed -n '/^GRUB/p' "$work/old"
      echo "GRUB_CMDLINE_LINUX_DEFAULT $2"
      sed '/^GRUB/d' "$work/old"
    } >"$work/wanted"
    cp "$work/grub" "$work/source"
    # in its place where the value is plain, else in a line of its own behind all others
    sed -e 's|^\(GRUB_CMDLINE_LINUX_DEFAULT="[^"\$]*\)"|\1 '"$2"'"|' \
      -e "s|^\(GRUB_CMDLINE_LINUX_DEFAULT='[^']*\)'|\1 $2'|" \
      "$work/source" >"$work/grub"
    if ! grub_fits; then
      {
        cat "$work/source"
        [ -z "$(tail -c 1 "$work/source")" ] || echo
        echo "GRUB_CMDLINE_LINUX_DEFAULT=\"\$GRUB_CMDLINE_LINUX_DEFAULT $2\" # homelab-gpu"
      } >"$work/grub"
      grub_fits || return 1
    fi
  else
    grep -vxF -e "GRUB_CMDLINE_LINUX $2" -e "GRUB_CMDLINE_LINUX_DEFAULT $2" "$work/old" >"$work/wanted"
    ! cmp -s "$work/old" "$work/wanted" || return 0
    word=$(printf %s "$2" | sed 's/[.]/[.]/g')
    blank='[[:blank:]]'
    rm -rf "$work/sources"
    mkdir "$work/sources"
    cp -R "$work/grub" "$work/grub.d" "$work/sources"
    for lines in '/^[^#]*GRUB_CMDLINE_LINUX(_DEFAULT)?[+]?=/' '/^[^#]/'; do
      for path in "$work/sources/grub" "$work"/sources/grub.d/*.cfg; do
        [ -f "$path" ] || continue
        # twice, since two of them may share a blank
        sed -E -e "$lines s/([\"'])$word$blank+/\1/g" \
          -e "$lines s/[[:blank:]]+$word([[:blank:]\"'\\\\]|\$)/\1/g" \
          -e "$lines s/[[:blank:]]+$word([[:blank:]\"'\\\\]|\$)/\1/g" \
          -e "$lines s/(^|[\"'=])$word([[:blank:]]+|[\"']|\$)/\1\2/g" \
          "$path" >"$work/$(echo "$path" | sed "s|^$work/sources/||")"
      done
      if grub_fits; then break; fi
    done
    grub_fits || return 1
  fi
  note grub "$1" "$2" && keep_and_put "$work/grub" /etc/default/grub || return 1
  for path in "$work"/grub.d/*.cfg; do
    [ ! -f "$path" ] || keep_and_put "$path" "$grub_folder/$(basename "$path")" || return 1
  done
}
line_words() { # FILE, whose last line may lack its end
  { sed '/^[[:blank:]]*#/d' "$1"; echo; } | tr -s '[:space:]' '\n' | sed '/^$/d'
}
line_change() { # FILE add|remove WORD
  work=$state/work
  rm -rf "$work"
  mkdir -p "$work"
  line_words "$1" >"$work/old"
  if [ "$2" = add ]; then
    ! grep -qxF -e "$3" "$work/old" || return 0
    { cat "$work/old"; echo "$3"; } | sort >"$work/wanted"
    awk -v word="$3" '
      !done && !/^[ \t]*(#|$)/ { end = sub(/\r$/, "") ? "\r" : ""; $0 = $0 " " word end; done = 1 }
      { print }
      END { if (!done) print word }
    ' "$1" >"$work/line"
  else
    grep -qxF -e "$3" "$work/old" || return 0
    { grep -vxF -e "$3" "$work/old" || :; } | sort >"$work/wanted"
    word=$(printf %s "$3" | sed 's/[.]/[.]/g')
    sed -E -e "s/(^|[[:blank:]]+)$word([[:space:]]|\$)/\2/g" \
      -e "s/(^|[[:blank:]]+)$word([[:space:]]|\$)/\2/g" "$1" >"$work/line"
  fi
  line_words "$work/line" | sort >"$work/new"
  cmp -s "$work/new" "$work/wanted" || return 1
  note line "$1" "$2" "$3" && keep_and_put "$work/line" "$1"
}
append() { # FILE LINE
  [ -f "$1" ] || return 1
  ! grep -qxF -e "$2" "$1" || return 0
  work=$state/work
  rm -rf "$work"
  mkdir -p "$work"
  {
    cat "$1"
    [ -z "$(tail -c 1 "$1")" ] || echo
    printf '%s\n' "$2"
  } >"$work/file"
  note append "$1" "$2" && keep_and_put "$work/file" "$1"
}
opposite() { if [ "$1" = add ]; then echo remove; else echo add; fi; }
take_back() { # a line of the notes
  kind=$1
  shift
  case $kind in
    grub) grub_change "$(opposite "$1")" "$2" ;;
    line) line_change "$1" "$(opposite "$2")" "$3" ;;
    append)
      file=$1
      shift
      mkdir -p "$state/work"
      { grep -vxF -e "$*" "$file" || :; } >"$state/work/file"
      put "$state/work/file" "$file"
      ;;
  esac
}
restore() {
  undoing=yes
  changed=
  for copy in $(cd "$state" 2>/dev/null && find after -type f 2>/dev/null); do
    path=$(echo "$copy" | sed 's/^after//')
    if cmp -s "$path" "$state/$copy"; then
      put "$state/before$path" "$path"
    elif ! cmp -s "$path" "$state/before$path"; then
      changed="$changed $path"
    fi
  done
  if [ -n "$changed" ]; then
    # shellcheck disable=SC2086 # words
    while read -r line; do
      set -f
      set -- $line
      set +f
      take_back "$@" || echo "not taken back, since the file was changed since: $line" >&2
    done <"$state/changes"
  fi
  for path in $changed; do
    if ! cmp -s "$path" "$state/before$path"; then
      mkdir -p "$state/kept$(dirname "$path")"
      mv "$state/before$path" "$state/kept$path"
      echo "$path was changed after prepare: the copy from before it is $state/kept$path" >&2
    fi
  done
}
`;
