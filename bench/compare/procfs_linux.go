package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// listeners finds the sockets that listen on port, as inodes, in the text of
// /proc/net/tcp or tcp6.
func listeners(table string, port uint16) []string {
	const listening = "0A"
	var inodes []string
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 10 || f[3] != listening {
			continue
		}
		_, hex, ok := strings.Cut(f[1], ":")
		if p, err := strconv.ParseUint(hex, 16, 16); ok && err == nil && uint16(p) == port {
			inodes = append(inodes, f[9])
		}
	}
	return inodes
}

func listening(port uint16) []string {
	var inodes []string
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		// Without IPv6 the second does not exist, and nobody listens there.
		if b, err := os.ReadFile(table); err == nil {
			inodes = append(inodes, listeners(string(b), port)...)
		}
	}
	return inodes
}

// listenerIn returns the process of a group that listens on port, or 0.
func listenerIn(group int, port uint16) (pid int) {
	inodes := listening(port)
	if len(inodes) == 0 {
		return 0
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || groupOf(pid) != group {
			continue
		}
		dir := fmt.Sprintf("/proc/%d/fd/", pid)
		fds, err := os.ReadDir(dir)
		if err != nil {
			continue // gone meanwhile
		}
		for _, fd := range fds {
			link, err := os.Readlink(dir + fd.Name())
			if err != nil {
				continue
			}
			for _, inode := range inodes {
				if link == "socket:["+inode+"]" {
					return pid
				}
			}
		}
	}
	return 0
}

// groupOf returns a process's group, or 0 if there is no such process.
func groupOf(pid int) int {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	return statGroup(string(b))
}

// statGroup reads the group from the text of /proc/PID/stat. The name in
// parentheses may hold anything, parentheses and spaces included.
func statGroup(stat string) int {
	f := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(f) < 3 {
		return 0
	}
	group, _ := strconv.Atoi(f[2])
	return group
}

// resident is a process's resident memory in bytes.
func resident(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no resident memory", pid)
}

// descriptors counts a process's open descriptors.
func descriptors(pid int) (int, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	// Since Linux 6.2 the size of the folder is the count, which saves a walk
	// over ten thousand entries on the generator's CPU.
	if info, err := os.Stat(dir); err == nil && info.Size() > 0 {
		return int(info.Size()), nil
	}
	entries, err := os.ReadDir(dir)
	return len(entries), err
}
