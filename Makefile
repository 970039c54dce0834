# SPDX-License-Identifier: GPL-2.0
#
# Port I/O by hypercall.  `make help' lists the targets; products are below out/.

OUT	:= $(CURDIR)/out
# Debian kernels the modules are built for, as tests/testbed/fetch names them.
HOST_LINES	:= 6.1 6.12
GUEST_LINES	:= 6.1 6.12 7.3

.PHONY: help fetch update testbed host host-debug host-debug-module host-series qemu vmm guest guest-base guest-off \
	guest-debug guest-32 guest-module compare demo experiments local-host bench tools census html figures check check-long check-intel kernels mutants patches deb \
	build-deb dist clean

help:
	@echo 'make compare      fio in one guest, native port I/O against hypercalls: the main job'
	@echo '                    FIO_JOB=path   adds a fio job of yours'
	@echo '                    GUEST=stock    with an unpatched kernel and the guest module'
	@echo '                    GUEST=32       with a 32-bit kernel and programs'
	@echo '                    VMM=out/qemu   with the QEMU of host/qemu, and by its list device'
	@echo '                    HOST=local     on this machine (SVM or VMX), not the emulated one'
	@echo 'make demo         a little of that in some minutes, with a stock kernel and the guest module'
	@echo 'make bench        instructions per operation'
	@echo '                    CPU=intel      on the Intel machine, not the AMD one'
	@echo 'make experiments  what the talks behind the kit measured, measured again: dd, NVMe,'
	@echo '                    virtio-scsi, cache modes, crossings and a nested guest beside IDE and AHCI'
	@echo 'make census       what still leaves a Debian guest, its boot and fio, by pio-stat'
	@echo '                    DISK=ide       or ahci; both if not told'
	@echo 'make html         Documentation/ as pages -> out/html/index.html'
	@echo 'make figures      renew the tables and pictures of Documentation/ by what was measured'
	@echo 'make check        all tests; ends with N passed, N failed, N skipped'
	@echo 'make check-long   those that take hours; what has passed on this commit is not run again'
	@echo 'make check-intel  those of the Intel machine, which is slow'
	@echo 'make kernels      which kernels take what, by the suites that were run'
	@echo 'make mutants      broken copies of the modules, which the tests have to notice'
	@echo
	@echo 'make host         kvm_hcall.ko for the testbed kernels -> out/host/KVER/'
	@echo '                    KVER=version   for that installed kernel (its headers are needed)'
	@echo 'make guest        patched guest kernel -> out/guest/bzImage'
	@echo 'make guest-base   the same kernel without the patches -> out/guest-base/bzImage'
	@echo 'make guest-off    patched, CONFIG_PARAVIRT_PIO=n -> out/guest-off/bzImage'
	@echo 'make guest-debug  patched, with lockdep -> out/guest-debug/bzImage'
	@echo 'make guest-32     patched, for a 32-bit processor with PAE -> out/guest-32/bzImage'
	@echo 'make host-debug   host kernel with KASAN and others -> out/host-debug/, and kvm_hcall.ko for it'
	@echo 'make host-series  host kernel 7.3 with the patches of host/linux -> out/host-series/'
	@echo 'make qemu         QEMU 10.0 with the patches of host/qemu, and nothing but that -> out/qemu/'
	@echo
	@echo 'make guest-module pio_hypercall.ko for guests with unpatched kernels -> out/guest-module/KVER/'
	@echo '                    KVER=version   as for make host'
	@echo
	@echo 'make tools        pio-stat -> out/tools/'
	@echo
	@echo 'make deb          packages for Debian 12 and 13, modules by DKMS -> out/deb/*.deb'
	@echo
	@echo 'make dist         tarball and Debian source package of this commit -> out/dist/'
	@echo '                    DIST_KEY=key   signed with that key of gpg'
	@echo
	@echo 'make fetch        get what is downloaded, with the versions of tests/testbed/lock'
	@echo 'make update       renew tests/testbed/lock'
	@echo 'make patches      carry guest/pio_hypercall and host/kvm_hcall into guest/linux/*.patch'
	@echo '                  and host/linux/*.patch'
	@echo 'make clean        remove out/'

# All but what is for this very machine runs in the testbed's own Debian 13.
IN := tests/testbed/in_debian

# fetch: all of it; fetch-NAME: as tests/testbed/fetch has it.
fetch:
	@tests/testbed/fetch
fetch-%:
	@tests/testbed/fetch $*
update:
	@tests/testbed/fetch --lock

# Kbuild leaves its objects beside the sources, and there are several kernels:
# each builds in a copy.
# $(1): host or guest-module, $(2): kernel version, $(3): its build directory, $(4): where
# to run make.  No BTF: headers packages have no vmlinux to make it against.
host_dir := host/kvm_hcall
host_ko := kvm_hcall.ko
# The module is made of what lies beside its directory, too.
guest-module_dir := guest/pio_hypercall/module
guest-module_ko := pio_hypercall.ko
define build_module
mkdir -p $(OUT)/$(1)/$(2)/build
exec 9>$(OUT)/$(1)/$(2)/.lock && flock 9 && \
cp -au --parents $(patsubst %/module,%,$($(1)_dir)) include VERSION $(OUT)/$(1)/$(2)/build && \
$(4) make --no-print-directory -C $(3) M=$(OUT)/$(1)/$(2)/build/$($(1)_dir) W=1 \
	$(if $(C),C=$(C)) $(if $(GCOV),GCOV_PROFILE=$(GCOV)) CONFIG_DEBUG_INFO_BTF_MODULES= modules && \
cp $(OUT)/$(1)/$(2)/build/$($(1)_dir)/$($(1)_ko) $(OUT)/$(1)/$(2)/
endef

ifdef KVER
host guest-module:
	@tests/packages module
	@[ -d /lib/modules/$(KVER)/build ] || { \
		echo 'no headers for $(KVER): apt-get install linux-headers-$(KVER)' >&2; exit 1; }
	$(call build_module,$@,$(KVER),/lib/modules/$(KVER)/build)
else
host: $(HOST_LINES:%=host-%)
guest-module: $(GUEST_LINES:%=guest-module-%)
endif

host-%: fetch-kernel-%
	@$(call build_module,host,$(notdir $(realpath $(OUT)/kernels/$*)),$(OUT)/kernels/$*/build,$(IN))
# The kernel's name is known when it is built.
host-debug: fetch-source-6.12
	@guest/linux/build --host-debug
	@$(MAKE) --no-print-directory host-debug-module GCOV=y
host-series: fetch-source-7.3
	@guest/linux/build --host
qemu: fetch-qemu-source fetch-debian
	@tests/testbed/qemu/build --host
host-debug-module:
	@$(call build_module,host,$(notdir $(realpath $(OUT)/kernels/debug)),$(OUT)/kernels/debug/build,$(IN))
guest-module-%: fetch-kernel-%
	@$(call build_module,guest-module,$(notdir $(realpath $(OUT)/kernels/$*)),$(OUT)/kernels/$*/build,$(IN))

guest: fetch-source-6.12
	@guest/linux/build
guest-base guest-off guest-debug guest-32: guest-%: fetch-source-6.12
	@guest/linux/build --$*
guest-32: fetch-guest-32

# The machines, but for kernels; they are put together when they are booted.
testbed: fetch-debian fetch-fio fetch-qemu-source
	@tests/testbed/image --guest
	@tests/testbed/qemu/build

# The tests' own VMM; `out/tests/vmm_test -l' lists what it tests.
vmm: fetch-debian
	@$(IN) make --no-print-directory -s -C tests/vmm

guest_kernel := guest$(if $(filter 32,$(GUEST)),-32)
ifeq ($(HOST),local)
compare: local-host $(guest_kernel) $(if $(filter stock,$(GUEST)),guest-module-6.12)
else
compare: testbed host-6.12 $(if $(VMM),qemu) $(if $(filter stock,$(GUEST)),guest-module-6.12,$(guest_kernel))
endif
	@tests/compare/compare

demo: testbed host-6.12 guest-module-6.12
	@tests/compare/compare --demo

# HOST=local says no, where it must, before anything is built.
local-host:
	@tests/packages local
	@tests/compare/compare --check-host
	@$(MAKE) --no-print-directory host KVER=$(shell uname -r)

bench: testbed host-6.12 guest guest-base qemu
	@tests/bench/bench $(if $(CPU),-c $(CPU))

# pio-stat is for this machine, and built with its compiler.
tools:
	@tests/packages tools
	@$(MAKE) --no-print-directory -C tools OUT=$(OUT)/tools

experiments: testbed host-6.12 guest qemu
	@grep -qs '"syscall"' $(OUT)/bench/results.json || $(MAKE) --no-print-directory bench
	@grep -qs '"syscall"' $(OUT)/bench/results-intel.json || $(MAKE) --no-print-directory bench CPU=intel
	@tests/experiments/experiments

census: testbed host-6.12 guest
	@tests/tool/census $(DISK)

html: fetch-debian fetch-source-6.12
	@Documentation/build
	@echo out/html/index.html

figures: fetch-debian
	@tests/figures

check: fetch
	@tests/check

check-long: fetch
	@tests/check builds
	@tests/check --long

kernels:
	@tests/kernels

mutants: fetch
	@tests/check mutants vm-mutants

check-intel: fetch
	@tests/check builds '*-intel*'

patches: fetch-source-6.12 fetch-source-7.3
	@guest/linux/refresh

# Debian packages, by this machine's tools, from a copy: what they leave there is none of the tree's.
deb:
	@tests/packages deb
	@mkdir -p $(OUT)/deb
	@flock $(OUT)/deb/build.lock $(MAKE) --no-print-directory -s build-deb

build-deb:
	@rm -rf $(OUT)/deb/build
	@mkdir -p $(OUT)/deb/build/pio-hypercall
	@cp -a --parents debian host guest/pio_hypercall include tools Documentation packaging \
		README.md CHANGELOG.md SECURITY.md VERSION $(OUT)/deb/build/pio-hypercall
	@cd $(OUT)/deb/build/pio-hypercall && \
		{ dpkg-buildpackage -b -us -uc >../build.log 2>&1 || { cat ../build.log; exit 1; }; }
	@cd $(OUT)/deb && for f in *.deb; do [ -e "build/$$f" ] || rm -f "$$f"; done
	@ln -f $(OUT)/deb/build/*.deb $(OUT)/deb/
	@ls $(OUT)/deb/*.deb

dist:
	@tests/packages dist
	@packaging/dist

clean:
	rm -rf $(OUT)
