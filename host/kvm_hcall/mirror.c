// SPDX-License-Identifier: GPL-2.0
/*
 * Mirrored registers: a VMM announces, by /dev/kvm_hcall, registers whose reading has no effect,
 * and a page of its memory that has their values; calls that read them are answered from there.
 * Documentation/abi.rst, "Mirrored registers", says what both sides may rely on.
 *
 *	mirror_ioctl()		the VMM: a table of registers for a VM, checked and sorted
 *	hcall_vcpus_mirror()	hook.c: each vCPU of the VM points to it
 *	hcall_mirror_read()	a call: table, page of the VMM; or it goes on to KVM's devices
 *
 * The page is read where the VMM has it, in the vCPU's thread, which KVM_RUN lets run only in the
 * VMM's own address space.  So nothing is pinned, and what is not there, or not any more, is an
 * exit as ever.  The module holds the VM, by a reference of KVM's, as long as it has registers of
 * it, and the open file holds the module.
 *
 * Nothing of what the VMM says is trusted, and nothing of it reaches another guest than its own:
 * a value is cut to the size of its register, and whether an access is one for memory or for a
 * device in KVM is asked when it is made.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>
#include <linux/kvm_hcall.h>
#include "kvm_access.h"
#include "kvm_hcall.h"
#include "mirror.h"
#include "stats.h"

#define CREATE_TRACE_POINTS
#include "mirror_trace.h"

/* More than MAXPHYADDR of any processor: room for the space and the size of a key. */
#define ADDR_BITS		52

/**
 * struct hcall_mirror - the registers of a VM; never changed, only replaced
 * @page:	where the VMM has their values
 * @count:	of them
 * @reg:	sorted by key: space, address, size
 */
struct hcall_mirror {
	struct kvm_hcall_page __user *page;
	u32 count;
	struct mirrored {
		u64 key;
		u32 number;	/* of its value in the page */
	} reg[];
};

/**
 * struct mirror_file - an open /dev/kvm_hcall
 * @lock:	one ioctl at a time
 * @vm:		the VM whose registers it has, if vm.mirror is not NULL
 */
struct mirror_file {
	struct mutex lock;	/* of the rest */
	struct hcall_mirrored_vm vm;
};

static u64 key_of(bool mmio, u64 addr, u32 size)
{
	return (u64)mmio << 63 | addr << 4 | size;
}

/* The number of the register's value, or -1. */
static int find(const struct hcall_mirror *mirror, u64 key)
{
	u32 low = 0, high = mirror->count;

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (mirror->reg[middle].key == key)
			return mirror->reg[middle].number;
		if (mirror->reg[middle].key < key)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

/*
 * The word, if the page is there and says that it can be read; else 0.  @page->valid is read
 * first: whatever the VMM changes after it has cleared that is not seen by whom has found it set.
 */
static u64 page_word(struct kvm_hcall_page __user *page, int number)
{
	u64 valid, word = 0;

	pagefault_disable();
	if (user_read_access_begin(page, sizeof(*page))) {
		unsafe_get_user(valid, &page->valid, fault);
		if (valid) {
			smp_rmb();	/* pairs with the VMM's write of its values, then valid */
			unsafe_get_user(word, &page->value[number], fault);
		}
fault:
		user_read_access_end();
	}
	pagefault_enable();
	return word;
}

/**
 * hcall_mirror_read() - read a register where the VMM keeps its value
 * @hv: of the vCPU, whose data gets it
 * @mmio: is @addr guest-physical, or a port?
 * @addr: its address, checked
 * @size: bytes
 *
 * Devices in KVM go first, as for any access.  And so do writes of this vCPU that wait in the
 * coalescing ring, as they do where a list was interrupted.
 *
 * Context: as hcall_emulate(); does not sleep.
 * Return: whether the access is done.
 */
bool hcall_mirror_read(struct hcall_vcpu *hv, bool mmio, u64 addr, u32 size)
{
	struct kvm_vcpu *vcpu = hv->vcpu;
	struct hcall_mirror *mirror;
	u64 word = 0;
	int number;

	rcu_read_lock_sched();
	mirror = rcu_dereference_sched(hv->mirror.now);
	number = mirror ? find(mirror, key_of(mmio, addr, size)) : -1;
	if (number >= 0 && !hv->in_ring && !hcall_local_apic(vcpu, mmio, addr) &&
	    !hcall_on_bus(vcpu->kvm, mmio ? KVM_MMIO_BUS : KVM_PIO_BUS, addr, size))
		word = page_word(mirror->page, number);
	rcu_read_unlock_sched();
	if (!(word & KVM_HCALL_READABLE))
		return false;

	hcall_flush_l1d(vcpu);
	hv->data = (u32)word & GENMASK(8 * size - 1, 0);
	hcall_count(hv, HCALL_STAT_MIRRORED);
	trace_kvm_hcall_mirror(vcpu->vcpu_id, mmio, addr, size, hv->data);
	return true;
}

/* Can it be mirrored in this VM, as that is now?  0 or an error. */
static int check_register(struct kvm *kvm, const struct kvm_hcall_register *r)
{
	bool mmio = r->space == PIO_HCALL_SPACE_MMIO;

	if (r->space > PIO_HCALL_SPACE_MMIO ||
	    memchr_inv(r->reserved, 0, sizeof(r->reserved)))
		return -EINVAL;
	if (r->size != 1 && r->size != 2 && r->size != 4)
		return -EINVAL;
	if (mmio ? r->addr >> ADDR_BITS || r->addr & (r->size - 1) :
		   r->addr > 0x10000 - r->size)
		return -EINVAL;
	if (mmio && gfn_to_memslot(kvm, gpa_to_gfn(r->addr)))
		return -EFAULT;
	if (hcall_on_bus(kvm, mmio ? KVM_MMIO_BUS : KVM_PIO_BUS, r->addr, r->size))
		return -EBUSY;
	return 0;
}

static int compare(const void *a, const void *b)
{
	u64 x = ((const struct mirrored *)a)->key, y = ((const struct mirrored *)b)->key;

	return x < y ? -1 : x > y;
}

/* Do two of them overlap?  Of one space and sorted, neighbours do then. */
static bool overlap(const struct hcall_mirror *mirror)
{
	u32 i;

	for (i = 1; i < mirror->count; i++) {
		u64 last = mirror->reg[i - 1].key, key = mirror->reg[i].key;

		if ((last >> 4) + (last & 15) > key >> 4)
			return true;
	}
	return false;
}

/* The table that @arg describes. */
static struct hcall_mirror *make_mirror(struct kvm *kvm, const struct kvm_hcall_mirror *arg)
{
	struct kvm_hcall_register __user *from = u64_to_user_ptr(arg->registers);
	struct hcall_mirror *mirror;
	int err = 0, idx;
	u32 i;

	if (arg->count > KVM_HCALL_REGISTERS_MAX ||
	    arg->page & (sizeof(struct kvm_hcall_page) - 1))
		return ERR_PTR(-EINVAL);
	mirror = kzalloc(struct_size(mirror, reg, arg->count), GFP_KERNEL_ACCOUNT);
	if (!mirror)
		return ERR_PTR(-ENOMEM);
	mirror->page = u64_to_user_ptr(arg->page);
	mirror->count = arg->count;
	if (fault_in_readable((char __user *)mirror->page, sizeof(*mirror->page)))
		err = -EFAULT;

	for (i = 0; i < mirror->count && !err; i++) {
		struct kvm_hcall_register r;

		if (copy_from_user(&r, from + i, sizeof(r))) {
			err = -EFAULT;
			break;
		}
		idx = srcu_read_lock(&kvm->srcu);
		err = check_register(kvm, &r);
		srcu_read_unlock(&kvm->srcu, idx);
		mirror->reg[i].key = key_of(r.space == PIO_HCALL_SPACE_MMIO, r.addr, r.size);
		mirror->reg[i].number = i;
	}
	if (!err) {
		sort(mirror->reg, mirror->count, sizeof(mirror->reg[0]), compare, NULL);
		if (overlap(mirror))
			err = -EEXIST;
	}
	if (err) {
		kfree(mirror);
		return ERR_PTR(err);
	}
	return mirror;
}

/* From now on @mirror is what is answered from; NULL: nothing is. */
static int mirror_set(struct mirror_file *f, struct kvm *kvm, struct hcall_mirror *mirror)
{
	struct hcall_mirror *old = f->vm.mirror;
	int err;

	if (!old && !mirror)
		return 0;
	if (!old) {
		kvm_get_kvm(kvm);
		f->vm.kvm = kvm;
	}
	err = hcall_vcpus_mirror(&f->vm, mirror);
	if (old && !err) {
		/* No access that has begun goes by it when this returns. */
		synchronize_rcu_expedited();
		kfree(old);
	}
	if (!f->vm.mirror) {
		kvm_put_kvm(f->vm.kvm);
		f->vm.kvm = NULL;
	}
	return err;
}

static int mirror_registers(struct mirror_file *f, struct kvm *kvm,
			    const struct kvm_hcall_mirror *arg)
{
	struct hcall_mirror *mirror = NULL;
	int err;

	/* @page is an address in current->mm, and read in that of the vCPUs. */
	if (kvm->mm != current->mm)
		return -EPERM;
	if (f->vm.kvm && f->vm.kvm != kvm)
		return -EBUSY;
	if (arg->count) {
		mirror = make_mirror(kvm, arg);
		if (IS_ERR(mirror))
			return PTR_ERR(mirror);
	}
	err = mirror_set(f, kvm, mirror);
	if (err)
		kfree(mirror);
	return err;
}

static long mirror_ioctl(struct file *file, unsigned int cmd, unsigned long argp)
{
	struct mirror_file *f = file->private_data;
	struct kvm_hcall_mirror arg;
	struct file *vm;
	long err;

	if (cmd != KVM_HCALL_MIRROR)
		return -ENOTTY;
	if (copy_from_user(&arg, (void __user *)argp, sizeof(arg)))
		return -EFAULT;
	if (arg.reserved)
		return -EINVAL;
	if (!hcall_group_has_me())
		return -EACCES;
	vm = fget(arg.vm);
	if (!vm)
		return -EBADF;
	if (file_is_kvm(vm)) {
		mutex_lock(&f->lock);
		err = mirror_registers(f, vm->private_data, &arg);
		mutex_unlock(&f->lock);
	} else {
		err = -EINVAL;
	}
	fput(vm);
	return err;
}

static int mirror_open(struct inode *inode, struct file *file)
{
	struct mirror_file *f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);

	if (!f)
		return -ENOMEM;
	mutex_init(&f->lock);
	file->private_data = f;
	return 0;
}

static int mirror_release(struct inode *inode, struct file *file)
{
	struct mirror_file *f = file->private_data;

	mirror_set(f, NULL, NULL);
	kfree(f);
	return 0;
}

static const struct file_operations mirror_fops = {
	.owner = THIS_MODULE,
	.open = mirror_open,
	.release = mirror_release,
	.unlocked_ioctl = mirror_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = noop_llseek,
};

/* For everybody: what it takes is a VM of one's own, and /dev/kvm says who may have one. */
static struct miscdevice mirror_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.mode = 0666,
	.fops = &mirror_fops,
};

int hcall_mirror_init(void)
{
	BUILD_BUG_ON(sizeof(struct kvm_hcall_page) != PAGE_SIZE);

	return misc_register(&mirror_device);
}

void hcall_mirror_exit(void)
{
	misc_deregister(&mirror_device);
}
