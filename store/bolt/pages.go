// SPDX-License-Identifier: Apache-2.0

package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"

	"github.com/behalf-id/behalf/store"
)

// The layout of a bbolt file, in the byte order of the machine. bbolt trusts its pages: a flipped
// bit in one makes it overwrite live records, allocate without limit or panic in a goroutine that
// nobody can guard. So every page is read here, strictly, before bbolt may write.
//
//	page     id(8) flags(2) count(2) overflow(4), then count elements, then their data without gaps
//	branch   element: position of its data(4) key size(4) page id(8)
//	leaf     element: flags(4) position of its data(4) key size(4) value size(4)
//	bucket   a leaf value: root page(8) sequence(8), and the page itself if root is 0
//	header   page 0 and 1: magic(4) version(4) page size(4) flags(4) root page(8) sequence(8)
//	         free list(8) number of pages(8) transaction(8) FNV-1a of what precedes(8)
const (
	pageHead, elementSize, bucketHead = 16, 16, 16
	headerSize, headerMagic           = 64, 0xED0CDAED
	branchPage, leafPage              = 1, 2
	bucketElement                     = 1
	maxPageBytes                      = 8 * store.MaxValue // bbolt splits nodes of more than four values
	maxDepth                          = 32                 // of a tree; with two keys a page it holds 2^31 pages
	minPageSize, maxPageSize          = 1 << 10, 1 << 16
)

// visitor is told each key and value, in order, and the bucket that they are in.
type visitor func(bucket string, key, value []byte) error

// pages reads the page tree of one file.
type pages struct {
	file  io.ReaderAt
	size  int      // of a page
	limit uint64   // number of pages
	seen  []uint64 // bit set of pages that the tree uses
	order binary.ByteOrder
	visit visitor
}

// readPages visits every key of every bucket of the file, and returns an error that names the
// first page that is not as bbolt writes it.
func readPages(file io.ReaderAt, visit visitor) error {
	first, err := readHeader(file, 0)
	if err != nil {
		return err
	}
	second, err := readHeader(file, int64(first.pageSize))
	if err != nil {
		return err
	}
	newest := first
	if second.transaction > first.transaction {
		newest = second
	}
	p := &pages{
		file: file, size: int(newest.pageSize), limit: newest.pages, seen: make([]uint64, newest.pages/64+1),
		order: binary.NativeEndian, visit: visit,
	}
	return p.tree("", newest.root, nil, nil, 0)
}

type header struct {
	pageSize                 uint32
	root, pages, transaction uint64
}

// readHeader refuses a file of which one of the two headers is damaged. bbolt would fall back to
// the other one, which is the state before the last commit: an acknowledged revocation could be
// lost in silence. A crash does not damage one, as a header lies within one sector.
func readHeader(file io.ReaderAt, offset int64) (header, error) {
	raw := make([]byte, headerSize)
	if _, err := file.ReadAt(raw, offset+pageHead); err != nil {
		return header{}, damaged(fmt.Errorf("header at %d: %w", offset, err))
	}
	order, hash := binary.NativeEndian, fnv.New64a()
	_, _ = hash.Write(raw[:56]) // never returns an error
	h := header{pageSize: order.Uint32(raw[8:]), root: order.Uint64(raw[16:]), pages: order.Uint64(raw[40:]), transaction: order.Uint64(raw[48:])}
	ok := order.Uint32(raw) == headerMagic && order.Uint64(raw[56:]) == hash.Sum64() &&
		h.pageSize >= minPageSize && h.pageSize <= maxPageSize && h.pages <= MaxFile/uint64(h.pageSize)
	if !ok {
		return header{}, damaged(fmt.Errorf("header at %d", offset))
	}
	return h, nil
}

// tree reads the page id and all below it. Keys lie in [from, below); nil is no limit.
func (p *pages) tree(bucket string, id uint64, from, below []byte, depth int) error {
	raw, err := p.read(id)
	if err != nil {
		return err
	}
	if depth == maxDepth {
		return damaged(fmt.Errorf("page %d: the tree is too deep", id))
	}
	used, err := p.page(bucket, raw, from, below, depth)
	if err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	if (used+p.size-1)/p.size*p.size != len(raw) {
		return damaged(fmt.Errorf("page %d: its length is wrong", id))
	}
	return nil
}

// read returns page id with its overflow, and marks it as used.
func (p *pages) read(id uint64) ([]byte, error) {
	head := make([]byte, pageHead)
	if id >= p.limit {
		return nil, damaged(fmt.Errorf("page %d of %d", id, p.limit))
	}
	if _, err := p.file.ReadAt(head, int64(id)*int64(p.size)); err != nil {
		return nil, damaged(fmt.Errorf("page %d: %w", id, err))
	}
	count := uint64(p.order.Uint32(head[12:])) + 1
	if p.order.Uint64(head) != id || id+count > p.limit || count*uint64(p.size) > maxPageBytes {
		return nil, damaged(fmt.Errorf("page %d: its head is wrong", id))
	}
	for i := id; i < id+count; i++ {
		if p.seen[i/64]&(1<<(i%64)) != 0 {
			return nil, damaged(fmt.Errorf("page %d is used twice", i))
		}
		p.seen[i/64] |= 1 << (i % 64)
	}
	raw := make([]byte, count*uint64(p.size))
	if _, err := p.file.ReadAt(raw, int64(id)*int64(p.size)); err != nil {
		return nil, damaged(fmt.Errorf("page %d: %w", id, err))
	}
	return raw, nil
}

// page reads the elements of a page, and what they lead to. It returns how many bytes they use.
func (p *pages) page(bucket string, raw, from, below []byte, depth int) (used int, err error) {
	e := elements{order: p.order, raw: raw, kind: p.order.Uint16(raw[8:]), count: int(p.order.Uint16(raw[10:]))}
	e.at = pageHead + e.count*elementSize
	if e.kind != branchPage && e.kind != leafPage || e.kind == branchPage && e.count == 0 || e.at > len(raw) {
		return 0, damaged(errors.New("its head is wrong"))
	}
	var children []child
	for i := range e.count {
		key, value, flags, ok := e.next(i)
		if !ok || bytes.Compare(key, from) < 0 || i > 0 && bytes.Equal(key, from) || below != nil && bytes.Compare(key, below) >= 0 {
			return 0, damaged(fmt.Errorf("element %d is wrong", i))
		}
		from = key
		if e.kind == branchPage {
			children = append(children, child{id: flags, from: key})
		} else if err := p.leaf(bucket, key, value, flags, depth); err != nil {
			return 0, err
		}
	}
	return e.at, p.children(bucket, children, below, depth)
}

// child is a page below a branch, and the first key that it may have.
type child struct {
	id   uint64
	from []byte
}

func (p *pages) children(bucket string, all []child, below []byte, depth int) error {
	for i, c := range all {
		end := below
		if i+1 < len(all) {
			end = all[i+1].from
		}
		if err := p.tree(bucket, c.id, c.from, end, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// leaf visits one key, or enters the bucket that it names.
func (p *pages) leaf(bucket string, key, value []byte, flags uint64, depth int) error {
	switch {
	case flags == 0 && bucket != "":
		return p.visit(bucket, key, value)
	case flags != bucketElement || bucket != "" || len(value) < bucketHead || p.order.Uint64(value[8:]) != 0:
		return damaged(errors.New("a bucket is wrong"))
	}
	root, inline := p.order.Uint64(value), value[bucketHead:]
	switch {
	case root != 0 && len(inline) == 0:
		return p.tree(string(key), root, nil, nil, depth+1)
	case root != 0 || len(inline) < pageHead || p.order.Uint16(inline[8:]) != leafPage:
		return damaged(errors.New("a bucket is wrong"))
	}
	used, err := p.page(string(key), inline, nil, nil, depth)
	if err == nil && used != len(inline) {
		err = damaged(errors.New("a bucket is wrong"))
	}
	return err
}

// elements reads the elements of one page one after the other.
type elements struct {
	order binary.ByteOrder
	raw   []byte
	kind  uint16
	count int
	at    int // where the next element's data begins
}

// next returns key, value and flags of leaf element i, or key and child page of a branch element.
func (e *elements) next(i int) (key, value []byte, flags uint64, ok bool) {
	head := e.raw[pageHead+i*elementSize:]
	var position, keySize, valueSize uint32
	if e.kind == branchPage {
		position, keySize, flags = e.order.Uint32(head), e.order.Uint32(head[4:]), e.order.Uint64(head[8:])
	} else {
		flags, position = uint64(e.order.Uint32(head)), e.order.Uint32(head[4:])
		keySize, valueSize = e.order.Uint32(head[8:]), e.order.Uint32(head[12:])
	}
	start := e.at
	if pageHead+i*elementSize+int(position) != start || keySize == 0 || keySize > maxPageBytes || valueSize > maxPageBytes {
		return nil, nil, 0, false
	}
	middle := start + int(keySize)
	e.at = middle + int(valueSize)
	if e.at > len(e.raw) {
		return nil, nil, 0, false
	}
	return e.raw[start:middle:middle], e.raw[middle:e.at:e.at], flags, true
}
