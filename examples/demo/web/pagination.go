package web

import (
	"net/http"

	"github.com/bennu-go/bennu/param"
	"github.com/bennu-go/bennu/router"
)

const (
	pageSize    = 20
	maxPageSize = 100
	maxPage     = 1_000_000
)

// page is the part of a list that was asked for.
type page struct{ number, size int }

func pageOf(r *http.Request) (page, error) {
	asked := param.Get(r, "page")
	number, err := param.Or(asked, "number", 1)
	if err != nil || number < 1 || number > maxPage {
		return page{}, &param.Error{Field: "page[number]", Reason: "must be a whole number from 1 to 1000000"}
	}
	size, err := param.Or(asked, "size", pageSize)
	if err != nil || size < 1 || size > maxPageSize {
		return page{}, &param.Error{Field: "page[size]", Reason: "must be a whole number from 1 to 100"}
	}
	return page{number, size}, nil
}

// last is the number of the last page; an empty list has one.
func (p page) last(total int) int { return max(1, (total+p.size-1)/p.size) }

// links lead to the pages around p; nil leads nowhere.
func (p page) links(path func(...router.Query) string, total int) map[string]*string {
	last := p.last(total)
	to := func(number int) *string {
		if number < 1 || number > last {
			return nil
		}
		link := path(router.Query{"page": map[string]any{"number": number, "size": p.size}})
		return &link
	}
	return map[string]*string{"first": to(1), "prev": to(min(p.number-1, last)), "next": to(p.number + 1), "last": to(last)}
}
