package transport

import (
	"testing"
	"testing/fstest"
)

const meminfo = "MemTotal:       1048576 kB\nMemFree:          1000 kB\nMemAvailable:     524288 kB\n"

func files(named map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range named {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestSystemMemory(t *testing.T) {
	const group = "sys/fs/cgroup/system.slice/app.service/"
	for _, tc := range []struct {
		name             string
		files            map[string]string
		available, total uint64
	}{
		{"nothing", nil, 0, 0},
		{"an old kernel", map[string]string{"proc/meminfo": "MemTotal: 5 kB\n"}, 0, 0},
		{"garbage", map[string]string{"proc/meminfo": "MemTotal: x kB\nMemAvailable: 99999999999999999999 kB\n"}, 0, 0},
		{"a machine", map[string]string{"proc/meminfo": meminfo}, 512 << 20, 1 << 30},
		{"version 1", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "3:memory:/a\n"}, 512 << 20, 1 << 30},
		{"no bound", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/app.service\n",
			group + "memory.max": "max\n", group + "memory.current": "1\n"}, 512 << 20, 1 << 30},
		{"a bound", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/app.service\n",
			group + "memory.max": "104857600\n", group + "memory.current": "94371840\n", group + "memory.stat": "anon 5\ninactive_file 31457280\n"}, 40 << 20, 100 << 20},
		{"a container", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "104857600", "sys/fs/cgroup/memory.current": "104857601"}, 0, 100 << 20},
		{"a bound above", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/system.slice/app.service\n",
			"sys/fs/cgroup/system.slice/memory.max": "1000", "sys/fs/cgroup/system.slice/memory.current": "900"}, 100, 1000},
		{"a bound beyond the machine", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/\n",
			"sys/fs/cgroup/memory.max": "10737418240", "sys/fs/cgroup/memory.current": "10737418239"}, 512 << 20, 1 << 30},
		{"outside the namespace", map[string]string{"proc/meminfo": meminfo, "proc/self/cgroup": "0::/../../x\n"}, 512 << 20, 1 << 30},
	} {
		if available, total := memoryBelow(files(tc.files)); available != tc.available || total != tc.total {
			t.Errorf("%s: got %d of %d, want %d of %d", tc.name, available, total, tc.available, tc.total)
		}
	}
	if available, total := systemMemory(); total == 0 || available > total {
		t.Errorf("here: %d of %d", available, total)
	}
}

func FuzzSystemMemory(f *testing.F) {
	f.Add(meminfo, "0::/a/b\n", "100", "50", "inactive_file 10\n")
	f.Add(meminfo, "0::/../..\n", "max", "", "inactive_file\n")
	f.Fuzz(func(t *testing.T, info, group, limit, current, stat string) {
		available, total := memoryBelow(files(map[string]string{"proc/meminfo": info, "proc/self/cgroup": group,
			"sys/fs/cgroup/memory.max": limit, "sys/fs/cgroup/memory.current": current, "sys/fs/cgroup/memory.stat": stat}))
		if total == 0 && available != 0 {
			t.Errorf("%d bytes available of none", available)
		}
	})
}
