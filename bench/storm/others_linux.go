package main

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// watchOthers begins to measure how busy the machine is with what is none of ours. The function that it returns says so, in percent of one CPU; the
// servers must have been waited for by then.
func watchOthers() (percentSince func() (float64, error), err error) {
	sample := func() (all, own time.Duration, err error) {
		b, err := os.ReadFile("/proc/stat")
		if err != nil {
			return 0, 0, err
		}
		if all, err = busyOf(string(b)); err != nil {
			return 0, 0, err
		}
		for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
			var u syscall.Rusage
			if err := syscall.Getrusage(who, &u); err != nil {
				return 0, 0, err
			}
			own += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
		return all, own, nil
	}
	began := time.Now()
	all, own, err := sample()
	if err != nil {
		return nil, err
	}
	return func() (float64, error) {
		allNow, ownNow, err := sample()
		return percent(max((allNow-all)-(ownNow-own), 0), time.Since(began)), err
	}, nil
}

// busyOf reads the text of /proc/stat: the time that all CPUs together were not idle.
func busyOf(stat string) (time.Duration, error) {
	line, _, _ := strings.Cut(stat, "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, errors.New("/proc/stat is not as expected")
	}
	var ticks int64
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user, nice, system, irq, softirq, steal; not idle and iowait
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * (time.Second / 100), nil
}
