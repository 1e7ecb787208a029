package transport

import (
	"bytes"
	"io/fs"
	"os"
	"path"
	"strconv"
)

// systemMemory is what the kernel says of the machine, or of the tightest of the process's cgroups.
func systemMemory() (available, total uint64) { return memoryBelow(os.DirFS("/")) }

// memoryBelow reads the files of the system whose root is given. A total of zero says that nothing is known.
func memoryBelow(root fs.FS) (available, total uint64) {
	info, err := fs.ReadFile(root, "proc/meminfo")
	if err != nil {
		return 0, 0
	}
	available, ok := memoryField(info, "MemAvailable:")
	total, ok2 := memoryField(info, "MemTotal:")
	if !ok || !ok2 || total == 0 {
		return 0, 0
	}
	available, total = available<<10, total<<10 // the file has them in KiB
	group, ok := cgroupPath(root)
	for ok {
		if left, limit, bounded := cgroupMemory(root, group); bounded && limit < total {
			available, total = min(available, left), limit
		}
		if group == "/" {
			break
		}
		group = path.Dir(group)
	}
	return available, total
}

// cgroupPath is where the process is in the hierarchy of version 2.
func cgroupPath(root fs.FS) (name string, ok bool) {
	own, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return "", false
	}
	for line := range bytes.Lines(own) {
		if name, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("0::")); ok {
			return path.Clean("/" + string(name)), true
		}
	}
	return "", false
}

// cgroupMemory is what a cgroup's limit leaves. Files that are cached do not count as used: the kernel drops them first.
func cgroupMemory(root fs.FS, group string) (left, limit uint64, bounded bool) {
	dir := path.Join("sys/fs/cgroup", group)
	limit, ok := memoryNumber(root, dir+"/memory.max")
	used, ok2 := memoryNumber(root, dir+"/memory.current")
	if !ok || !ok2 {
		return 0, 0, false // "max", or there is no such controller
	}
	if stat, err := fs.ReadFile(root, dir+"/memory.stat"); err == nil {
		if cached, ok := memoryField(stat, "inactive_file"); ok {
			used -= min(cached, used)
		}
	}
	return limit - min(used, limit), limit, true
}

func memoryNumber(root fs.FS, name string) (n uint64, ok bool) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseUint(string(bytes.TrimSpace(text)), 10, 64)
	return n, err == nil
}

// memoryField finds the number behind a name at the beginning of a line.
func memoryField(text []byte, name string) (n uint64, ok bool) {
	for line := range bytes.Lines(text) {
		if fields := bytes.Fields(line); len(fields) >= 2 && string(fields[0]) == name {
			n, err := strconv.ParseUint(string(fields[1]), 10, 53) // so that KiB fit as bytes
			return n, err == nil
		}
	}
	return 0, false
}
