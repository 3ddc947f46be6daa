# SPDX-License-Identifier: ISC
# inotifywait.sh monitor|loop WATCHED FILE: monitor sets one watch for ever, loop a new one after each event.
tell() {
	while read -r line; do
		case $line in
		'Setting up'*) ;;
		'Watches established.') echo watching ;;
		*) cat "$1" ;;
		esac
	done
}
watched=$2 file=$3
# Reading the file is an event too.
events=modify,close_write,attrib,move,move_self,create,delete,delete_self
case $1 in
monitor) inotifywait -m -e $events "$watched" 2>&1 | tell "$file" ;;
loop) while inotifywait -e $events "$watched" 2>&1; do :; done | tell "$file" ;;
esac
