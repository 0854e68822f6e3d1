// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestFullDisk has a disk that is really full.
func TestFullDisk(t *testing.T) {
	small := t.TempDir()
	if err := syscall.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		if os.Getenv("BEHALF_REQUIRE_SERVICES") == "1" {
			t.Fatalf("a small disk is needed: %v", err)
		}
		t.Skipf("needs root to mount a small disk: %v", err)
	}
	t.Cleanup(func() { check(t, syscall.Unmount(small, 0)) })
	s := startWorld(t)
	dir := filepath.Join(small, "tom")
	init := []string{"init", "--dir", dir, "--registry", s.world.Registry, "--ca", s.world.CA()}
	filler := filepath.Join(small, "filler")
	check(t, os.WriteFile(filler, nil, 0o600))
	fillUp(t, filler)
	if code, _, errs := at(t, time.Now(), init...); code != 1 || !strings.Contains(errs, "the disk is full; make some space and try again (storage.full)") {
		t.Errorf("init: %d %q", code, errs)
	}
	check(t, os.Remove(filler))
	if code, _, errs := at(t, time.Now(), init...); code != 0 {
		t.Fatal(errs)
	}
	o, err := s.offer("dc+sd-jwt")
	check(t, err)
	receive := []string{"receive", o.Offer.URI, "--tx-code", o.Offer.TxCode, "--dir", dir}
	if code, _, errs := at(t, time.Now(), receive...); code != 1 || !strings.Contains(errs, "the disk is full") || strings.Count(errs, "\n") != 2 {
		t.Errorf("receive: %d %q", code, errs)
	}
	check(t, syscall.Mount("tmpfs", small, "tmpfs", syscall.MS_REMOUNT, "size=8m"))
	if code, _, errs := at(t, time.Now(), receive...); code != 0 { // the code was not spent
		t.Errorf("receive once there is space: %q", errs)
	}
}

func fillUp(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0o600)
	check(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 512))
	}
	_ = f.Close()
}
