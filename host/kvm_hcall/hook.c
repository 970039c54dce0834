// SPDX-License-Identifier: GPL-2.0
/*
 * kvm_hcall: port I/O and MMIO by hypercall, for a KVM that does not know of it.
 *
 * The way of a call:
 *
 *	guest			VMCALL or VMMCALL
 *	KVM			exit handler calls kvm_emulate_hypercall()
 *	hcall_hook()		here: is it one of ours?  If not, KVM goes on as always
 *	hcall_first_call()	here: once for each vCPU, to make its record
 *	hcall_emulate()		call.c: validate, then KVM's bus, KVM_EXIT_IO or _MMIO;
 *				batch.c: the same for each element of a list
 *	(userspace)		the VMM's device model, as for a native access
 *	hcall_complete()	call.c: data to the guest, RIP past the call
 *
 * Lifetime: KVM stores the address of hcall_complete() in the vCPU while
 * userspace has an access, and a vCPU may sleep in hcall_emulate().  So a vCPU
 * holds a reference on the module from its first call until its record is freed.
 * hcall_hook() takes it in an ftrace callback; unregister_ftrace_function() waits until all
 * callbacks have ended.  hcall_vcpu_free() drops it, and rcu_barrier() waits for that.  If
 * there is no memory for a record, hcall_first_call() drops it, and returns before the vCPU's
 * next schedule(): unregister_ftrace_function() waits until every task has been through
 * schedule() (synchronize_rcu_tasks()).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cred.h>
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/pio_hypercall.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uidgid.h>
#include <uapi/linux/kvm_para.h>
#include "compat.h"
#include "kvm_access.h"
#include "kvm_hcall.h"
#include "stats.h"

static bool enable = true;
module_param(enable, bool, 0644);
MODULE_PARM_DESC(enable, "answer guests (default); if N, every call gets KVM's own -KVM_ENOSYS and guests go on with native port I/O");

/*
 * Which VMs: those whose process is in this group.  Decided by what the process was
 * started with, so there is no moment at which a guest might be too early; and an
 * administrator can give and take it by libvirt or systemd without knowing PIDs.
 */
static int group = -1;
module_param(group, int, 0644);
MODULE_PARM_DESC(group, "answer only VMs whose process is in the group of this number; -1: all (default)");

/*
 * Which VM not: a switch for one of them.  In sysfs, because lockdown closes what is writable
 * in debugfs.  Kept are references to processes, not numbers, which others may get.
 */
struct refused {
	size_t n;
	struct pid *pids[];
};

/* NULL if it is nobody; replaced under the module's kernel_param_lock(). */
static struct refused __rcu *refused;

static void refused_free(struct refused *r)
{
	if (!r)
		return;
	while (r->n)
		put_pid(r->pids[--r->n]);
	kfree(r);
}

static int refuse_add(struct refused *r, const char *word)
{
	unsigned int nr;
	int err;

	err = kstrtouint(word, 10, &nr);
	if (err)
		return err;
	r->pids[r->n] = find_get_pid(nr);
	rcu_read_lock();
	if (!pid_task(r->pids[r->n++], PIDTYPE_TGID))
		err = -ESRCH;
	rcu_read_unlock();
	return err;
}

/* "PID[,PID]...", or nothing */
static int refuse_set(const char *val, const struct kernel_param *kp)
{
	char *copy = kstrdup(val ?: "", GFP_KERNEL), *rest, *word;
	struct refused *r, *old;
	int err = 0;
	bool any;

	if (!copy)
		return -ENOMEM;
	r = kzalloc(struct_size(r, pids, strlen(copy) / 2 + 1), GFP_KERNEL);
	if (!r)
		err = -ENOMEM;
	rest = strim(copy);
	any = *rest;
	while (any && !err && (word = strsep(&rest, ",")))
		err = refuse_add(r, word);
	if (err || !any) {
		refused_free(r);
		r = NULL;
	}
	kfree(copy);
	if (err)
		return err;

	old = rcu_replace_pointer(refused, r, true);
	synchronize_rcu();
	refused_free(old);
	return 0;
}

/* Those that there are still. */
static int refuse_get(char *buffer, const struct kernel_param *kp)
{
	struct refused *r;
	int len = 0;
	size_t i;

	rcu_read_lock();
	r = rcu_dereference(refused);
	for (i = 0; r && i < r->n; i++) {
		if (pid_task(r->pids[i], PIDTYPE_TGID))
			len += scnprintf(buffer + len, PAGE_SIZE - len, "%s%d",
					 len ? "," : "", pid_vnr(r->pids[i]));
	}
	rcu_read_unlock();
	return len + scnprintf(buffer + len, PAGE_SIZE - len, "\n");
}

/* The module is gone, or was never there. */
static void refuse_free(void *arg)
{
	refused_free(rcu_dereference_protected(refused, true));
}

static const struct kernel_param_ops refuse_ops = {
	.set = refuse_set, .get = refuse_get, .free = refuse_free,
};
module_param_cb(refuse, &refuse_ops, NULL, 0644);
MODULE_PARM_DESC(refuse, "do not answer the VMs of these processes, PID[,PID]...; empty: none (default)");

/* In the vCPU's own thread. */
static noinline bool hcall_is_refused(void)
{
	const struct refused *r;
	bool found = false;
	size_t i;

	rcu_read_lock();
	r = rcu_dereference(refused);
	for (i = 0; r && i < r->n && !found; i++)
		found = r->pids[i] == task_tgid(current);
	rcu_read_unlock();
	return found;
}

/**
 * struct hooked_vcpu - an entry of the table of vCPUs
 * @node:	in the table, by @hv.vcpu
 * @rcu:	readers of the table may still pass through after removal
 * @hv:		what the calls need
 * @stats:	counters, of @hv
 */
struct hooked_vcpu {
	struct hlist_node node;
	struct rcu_head rcu;
	struct hcall_vcpu hv;
	u64 stats[HCALL_STATS];
};

static DEFINE_HASHTABLE(vcpus, 8);
/* VMs with mirrored registers, whose vCPUs may come later. */
static LIST_HEAD(mirrored_vms);
/* Writers of both; raw, as hcall_vcpu_gone() may not sleep, on PREEMPT_RT either. */
static DEFINE_RAW_SPINLOCK(vcpus_lock);
/* Counters of vCPUs that are gone; under vcpus_lock. */
static u64 gone_stats[HCALL_STATS];
/* And of those that have no record. */
static DEFINE_PER_CPU(u64[HCALL_STATS], stray_stats);

/**
 * hcall_vcpu_find() - the module's record of a vCPU
 * @vcpu: the vCPU
 *
 * Context: the vCPU's own thread, so that the record cannot go away.
 * Return: the record, or NULL before the first call.
 */
struct hcall_vcpu *hcall_vcpu_find(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *found = NULL;
	struct hooked_vcpu *entry;

	/* _sched: a few instructions in line, where every call comes by. */
	rcu_read_lock_sched();
	hash_for_each_possible_rcu(vcpus, entry, node, (unsigned long)vcpu,
				   rcu_read_lock_sched_held()) {
		if (entry->hv.vcpu == vcpu) {
			found = &entry->hv;
			break;
		}
	}
	rcu_read_unlock_sched();
	return found;
}

static void stats_add(u64 sum[HCALL_STATS], const u64 add[HCALL_STATS])
{
	int stat;

	for (stat = 0; stat < HCALL_STATS; stat++)
		sum[stat] += READ_ONCE(add[stat]);
}

void hcall_stats_sum(const struct kvm *kvm, u64 sum[HCALL_STATS])
{
	struct hooked_vcpu *entry;
	int bucket, cpu;

	memset(sum, 0, HCALL_STATS * sizeof(*sum));
	/* No vCPU is both in the table and among those that are gone. */
	raw_spin_lock(&vcpus_lock);
	hash_for_each(vcpus, bucket, entry, node) {
		if (!kvm || entry->hv.vcpu->kvm == kvm)
			stats_add(sum, entry->stats);
	}
	if (!kvm)
		stats_add(sum, gone_stats);
	raw_spin_unlock(&vcpus_lock);
	for_each_possible_cpu(cpu) {
		if (!kvm)
			stats_add(sum, per_cpu(stray_stats, cpu));
	}
}

/* A call is left to KVM, for @reason. */
static void count_refused(struct kvm_vcpu *vcpu, enum hcall_stat reason)
{
	struct hcall_vcpu *hv = hcall_vcpu_find(vcpu);

	if (hv)
		hcall_count(hv, reason);
	else
		this_cpu_inc(stray_stats[reason]);
}

/* Once for a VM, as not all its vCPUs need to call. */
static bool hcall_first_of_vm(struct kvm_vcpu *vcpu)
{
	struct hooked_vcpu *entry;
	int bucket;

	hash_for_each(vcpus, bucket, entry, node) {
		if (entry->hv.vcpu->kvm == vcpu->kvm)
			return false;
	}
	return true;
}

/**
 * hcall_vcpus_mirror() - tell all vCPUs of a VM where its mirrored registers are
 * @vm: the VM; its vCPUs may hold what it had until rcu_read_lock_sched() has passed
 * @mirror: what it is to have; NULL: nothing
 *
 * Return: 0, or -EBUSY if somebody else has announced registers of this VM.
 */
int hcall_vcpus_mirror(struct hcall_mirrored_vm *vm, struct hcall_mirror *mirror)
{
	struct hcall_mirrored_vm *other;
	struct hooked_vcpu *entry;
	int bucket;

	raw_spin_lock(&vcpus_lock);
	list_for_each_entry(other, &mirrored_vms, node) {
		if (other != vm && other->kvm == vm->kvm) {
			raw_spin_unlock(&vcpus_lock);
			return -EBUSY;
		}
	}
	if (vm->mirror)
		list_del(&vm->node);
	vm->mirror = mirror;
	if (mirror)
		list_add(&vm->node, &mirrored_vms);
	hash_for_each(vcpus, bucket, entry, node) {
		if (entry->hv.vcpu->kvm == vm->kvm)
			rcu_assign_pointer(entry->hv.mirror.now, mirror);
	}
	raw_spin_unlock(&vcpus_lock);
	return 0;
}

/* What hcall_vcpus_mirror() has said of the VM before this vCPU's first call. */
static void hcall_vcpu_mirror(struct hcall_vcpu *hv)
{
	struct hcall_mirrored_vm *vm;

	list_for_each_entry(vm, &mirrored_vms, node) {
		if (vm->kvm == hv->vcpu->kvm)
			rcu_assign_pointer(hv->mirror.now, vm->mirror);
	}
}

static struct hcall_vcpu *hcall_vcpu_create(struct kvm_vcpu *vcpu)
{
	struct hooked_vcpu *entry;
	struct hcall_vcpu *hv;
	bool first;

	entry = kzalloc(sizeof(*entry), GFP_KERNEL_ACCOUNT);
	if (!entry)
		return NULL;
	hv = &entry->hv;
	hv->buf = (void *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!hv->buf) {
		kfree(entry);
		return NULL;
	}

	hv->vcpu = vcpu;
	hv->stats = entry->stats;
	/* Of no memory slots: KVM counts up from 0. */
	hv->list_generation = -1;
	hv->mmio_generation = -1;
	raw_spin_lock(&vcpus_lock);
	first = hcall_first_of_vm(vcpu);
	hcall_vcpu_mirror(hv);
	hash_add_rcu(vcpus, &entry->node, (unsigned long)vcpu);
	raw_spin_unlock(&vcpus_lock);
	if (first) {
		hcall_stats_add_vm(vcpu->kvm);
		pr_info_ratelimited("VM of process %d (%s) does port I/O by hypercall\n",
				    task_tgid_nr(current),
				    current->group_leader->comm);
	}
	return hv;
}

/*
 * A vCPU's first call: hcall_hook() has taken the reference that its record will hold.
 * Without memory for one the call gets -KVM_ENOSYS, and the guest stays native.
 */
static int hcall_first_call(struct kvm_vcpu *vcpu)
{
	struct hcall_vcpu *hv = hcall_vcpu_create(vcpu), none = { .vcpu = vcpu };
	u64 stats[HCALL_STATS] = {};
	int ret;

	if (likely(hv))
		return hcall_emulate(hv);

	pr_warn_ratelimited("no memory: a guest stays native\n");
	none.mode64 = hcall_64bit(vcpu);
	none.stats = stats;
	count_refused(vcpu, HCALL_STAT_REFUSED_NOMEM);
	ret = hcall_refuse(&none, HCALL_STAT_REFUSED_NOMEM);
	module_put(THIS_MODULE);
	return ret;
}

/* Is the caller's VM one that the module answers? */
bool hcall_group_has_me(void)
{
	int gid = READ_ONCE(group);

	return gid == -1 || in_egroup_p(make_kgid(&init_user_ns, gid));
}

/* In the vCPU's own thread, whose credentials are asked for. */
static noinline bool hcall_in_group(struct kvm_vcpu *vcpu, int gid)
{
	/* One that goes on asking must not be all that the log is about. */
	static DEFINE_RATELIMIT_STATE(limit, 600 * HZ, 10);

	if (in_egroup_p(make_kgid(&init_user_ns, gid)))
		return true;
	count_refused(vcpu, HCALL_STAT_REFUSED_GROUP);
	if (__ratelimit(&limit))
		pr_info("VM of process %d (%s) refused: not in group %d (parameter group)\n",
			task_tgid_nr(current), current->group_leader->comm, gid);
	return false;
}

/* Is the call under way one that we answer?  If not, stock KVM does. */
static bool hcall_ours(struct kvm_vcpu *vcpu)
{
	unsigned long nr = vcpu->arch.regs[VCPU_REGS_RAX];
	int gid;

	/* KVM's own calls leave here: lower half first, no mode to ask for. */
	if ((u32)nr - PIO_HCALL_BASE >= PIO_HCALL_END - PIO_HCALL_BASE)
		return false;
	if (hcall_foreign_abi(vcpu))
		return false;
	if (nr >> 32 && hcall_64bit(vcpu))
		return false;
	if (hcall_cpl(vcpu)) {
		count_refused(vcpu, HCALL_STAT_REFUSED_CPL);
		return false;		/* KVM answers -KVM_EPERM */
	}
	if (!READ_ONCE(enable) || (rcu_access_pointer(refused) && hcall_is_refused())) {
		count_refused(vcpu, HCALL_STAT_REFUSED_DISABLED);
		return false;		/* KVM answers -KVM_ENOSYS */
	}
	gid = READ_ONCE(group);
	return likely(gid == -1) || hcall_in_group(vcpu, gid);
}

/* Preemption may be off: nothing here sleeps. */
static void notrace hcall_hook(unsigned long ip, unsigned long parent_ip,
			       struct ftrace_ops *ops,
			       struct ftrace_regs *fregs)
{
	struct kvm_vcpu *vcpu = hcall_hooked_vcpu(fregs);
	struct hcall_vcpu *hv;

	if (!hcall_ours(vcpu))
		return;
	hv = hcall_vcpu_find(vcpu);
	if (likely(hv))
		hcall_redirect(fregs, hcall_emulate, hv);
	else if (try_module_get(THIS_MODULE))
		hcall_redirect(fregs, hcall_first_call, vcpu);
}

static void hcall_vcpu_free(struct rcu_head *rcu)
{
	struct hooked_vcpu *entry = container_of(rcu, struct hooked_vcpu, rcu);

	free_page((unsigned long)entry->hv.buf);
	kfree(entry);
	module_put(THIS_MODULE);
}

/* kvm_arch_vcpu_destroy() is entered: the vCPU runs no more. */
static void notrace hcall_vcpu_gone(unsigned long ip, unsigned long parent_ip,
				    struct ftrace_ops *ops,
				    struct ftrace_regs *fregs)
{
	struct hcall_vcpu *hv = hcall_vcpu_find(hcall_hooked_vcpu(fregs));
	struct hooked_vcpu *entry;

	if (!hv)
		return;
	entry = container_of(hv, struct hooked_vcpu, hv);
	raw_spin_lock(&vcpus_lock);
	hash_del_rcu(&entry->node);
	stats_add(gone_stats, entry->stats);
	raw_spin_unlock(&vcpus_lock);
	call_rcu(&entry->rcu, hcall_vcpu_free);
}

/*
 * PERMANENT: registering fails while kernel.ftrace_enabled is 0, and it cannot
 * be set to 0 afterwards; else guests' calls or the end of a vCPU would pass
 * unseen.
 */
static struct ftrace_ops call_ops = {
	.func = hcall_hook,
	.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT,
};

static struct ftrace_ops destroy_ops = {
	.func = hcall_vcpu_gone,
	.flags = FTRACE_OPS_FL_PERMANENT,
};

static int hook_register(struct ftrace_ops *ops, char *func)
{
	int err = ftrace_set_filter(ops, func, strlen(func), 1);

	if (!err)
		err = register_ftrace_function(ops);
	if (!err)
		return 0;

	ftrace_free_filter(ops);
	if (err == -EBUSY)
		pr_err("not loaded: %s() cannot be hooked: kernel.ftrace_enabled is 0, or a live patch has it\n",
		       func);
	else
		pr_err("not loaded: %s() cannot be hooked (error %d): is it in /sys/kernel/tracing/available_filter_functions?\n",
		       func, err);
	return err;
}

static void hook_unregister(struct ftrace_ops *ops)
{
	/*
	 * Fails if ftrace has shut itself down after a bug, anybody's.  KVM's
	 * code still calls us then, and an exit function cannot refuse.
	 */
	if (unregister_ftrace_function(ops)) {
		pr_crit("cannot be unloaded: ftrace has failed on this host\n");
		for (;;)
			schedule_timeout_idle(MAX_SCHEDULE_TIMEOUT);
	}
	ftrace_free_filter(ops);
}

static int __init kvm_hcall_init(void)
{
	int err;

	err = hcall_compat_init();
	if (err)
		return err;

	/* No vCPU may get a record before its end can be seen. */
	err = hook_register(&destroy_ops, "kvm_arch_vcpu_destroy");
	if (err)
		return err;
	hcall_stats_init();
	err = hcall_mirror_init();
	if (err) {
		pr_err("not loaded: no device /dev/kvm_hcall (error %d)\n", err);
		goto no_device;
	}
	/* The last step: from here on vCPUs hold references. */
	err = hook_register(&call_ops, "kvm_emulate_hypercall");
	if (err)
		goto no_calls;
	pr_info("answering port I/O hypercalls, ABI %d%s\n",
		PIO_HCALL_ABI_VERSION, enable ? "" : " (disabled: enable=N)");
	return 0;

no_calls:
	hcall_mirror_exit();
no_device:
	hook_unregister(&destroy_ops);
	hcall_stats_exit();
	return err;
}

/* Runs only when no vCPU holds a reference, so the table is empty. */
static void __exit kvm_hcall_exit(void)
{
	hcall_mirror_exit();
	hook_unregister(&call_ops);
	hook_unregister(&destroy_ops);
	rcu_barrier();	/* hcall_vcpu_free() */
	hcall_stats_exit();
	pr_info("unloaded\n");
}

module_init(kvm_hcall_init);
module_exit(kvm_hcall_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("PIO hypercall kit maintainers");
MODULE_DESCRIPTION("KVM: answer port I/O hypercalls of Linux guests");
MODULE_VERSION(KIT_VERSION);
