# SPDX-License-Identifier: ISC
# wait.sh ATOMICDIR LINK FILE: the loop of the manual.
number=0
while number=$("$1" wait --since "$number" "$2"); do
	echo watching
	cat "$3"
done
exit 1
