// SPDX-License-Identifier: ISC

package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
)

type job struct {
	directory   string
	count, seed int
	buffer      []byte
}

// The same files as job.c writes.
func (job *job) name(number int) string { return fmt.Sprintf("file-%05d", number) }

func (job *job) bytes(number int) []byte {
	copy(job.buffer, fmt.Sprintf("file %8d of seed %8d\x00", number, job.seed))
	return job.buffer
}

func jobParse() *job {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage:", os.Args[0], "DIRECTORY COUNT SEED")
		os.Exit(2)
	}
	count, _ := strconv.Atoi(os.Args[2])
	seed, _ := strconv.Atoi(os.Args[3])
	return &job{os.Args[1], count, seed, bytes.Repeat([]byte("a"), 4096)}
}
