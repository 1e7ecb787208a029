package transport

import (
	"testing"
	"unsafe"
)

func TestAConnectionIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(wsConn{}); n > 96 {
		t.Errorf("a connection takes %d bytes, the budget is 96", n)
	}
	if n := unsafe.Sizeof(Member{}); n > 56 {
		t.Errorf("a membership takes %d bytes, the budget is 56", n)
	}
}
