// SPDX-License-Identifier: GPL-2.0
/*
 * kexec KERNEL INITRD COMMAND_LINE - load a kernel, and start it at once
 * kexec -p KERNEL INITRD COMMAND_LINE - load the one for a crash
 *
 * As kexec-tools do, which guests have not.  At once: by the kernel's reboot, with whatever is
 * under way.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/reboot.h>
#include <sys/syscall.h>

int main(int argc, char **argv)
{
	int crash = argc > 1 && !strcmp(argv[1], "-p");
	int kernel, initrd;

	argv += crash;
	if (argc - crash != 4) {
		fprintf(stderr, "usage: kexec [-p] KERNEL INITRD COMMAND_LINE\n");
		return 2;
	}
	kernel = open(argv[1], O_RDONLY);
	initrd = open(argv[2], O_RDONLY);
	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(argv[3]) + 1, argv[3],
		    crash ? KEXEC_FILE_ON_CRASH : 0UL)) {
		perror("kexec: cannot load the kernel");
		return 1;
	}
	if (crash)
		return 0;
	reboot(LINUX_REBOOT_CMD_KEXEC);
	perror("kexec: cannot start the kernel");
	return 1;
}
