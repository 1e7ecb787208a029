//go:build !unix

package settle

import "time"

// processCPU is not known here.
func processCPU() time.Duration { return 0 }
