"""What a face GAN is: settings, networks, seeds, pixels, and the folder of weights."""
