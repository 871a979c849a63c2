# shellcheck shell=sh
# What the backup and restore scripts share; they source it. A backup is a folder KIND_TIME with the sums of its files,
# and is there whole or not at all.
#
#   BACKUP_FOLDER   where they are kept
#   BACKUP_DAYS     how long; the newest stays however old it is
set -eu
umask 077
: "${BACKUP_FOLDER:=/backup}" "${BACKUP_DAYS:=30}"

# Begin a backup of a kind: the files go to $draft.
begin() {
    kind=$1
    name=${kind}_$(date -u +%Y%m%dT%H%M%SZ)
    draft=$BACKUP_FOLDER/.$name
    mkdir -p "$draft"
    trap 'rm -rf "$draft"' EXIT
}

# The backup is complete: seal it, and drop those that are too old.
finish() {
    (cd "$draft" && sha256sum -- * > SHA256SUMS)
    sync
    mv "$draft" "$BACKUP_FOLDER/$name"
    echo "$BACKUP_FOLDER/$name: $(du -sh "$BACKUP_FOLDER/$name" | cut -f1)"
    expire "$kind"
}

# Backups of a kind, oldest first: their names sort by time.
backups() {
    find "$BACKUP_FOLDER" -mindepth 1 -maxdepth 1 -type d -name "$1_[0-9]*T[0-9]*Z" | sort
}

expire() {
    oldest=$(date -u -d "-$BACKUP_DAYS days" +%Y%m%dT%H%M%SZ)
    backups "$1" | sed '$d' | while read -r folder; do
        if expr "${folder##*_}" '<' "$oldest" > /dev/null; then
            rm -rf "$folder"
            echo "$folder was older than $BACKUP_DAYS days"
        fi
    done
}

# The backup to restore, checked: $1, or the newest of the kind $2. It is left in $backup.
choose() {
    backup=${1:-$(backups "$2" | tail -n 1)}
    if [ -z "$backup" ]; then
        echo "no backup of $2 in $BACKUP_FOLDER" >&2
        exit 1
    fi
    (cd "$backup" && sha256sum --quiet --check SHA256SUMS) || {
        echo "$backup is damaged" >&2
        exit 1
    }
    echo "restoring $backup"
}
