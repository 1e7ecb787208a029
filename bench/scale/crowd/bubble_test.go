package crowd

import (
	"testing"
	"testing/synctest"
)

// bubble runs f in time of its own, as a subtest if it has a name.
func bubble(t *testing.T, name string, f func(t *testing.T)) {
	if name == "" {
		synctest.Test(t, f)
		return
	}
	t.Run(name, func(t *testing.T) { synctest.Test(t, f) })
}
