//go:build !linux

package main

import (
	"fmt"
	"os"
	"runtime"
)

func main() {
	fmt.Fprintf(os.Stderr, "floor: the floors are made of Linux system calls and do not run on %s\n", runtime.GOOS)
	os.Exit(1)
}
