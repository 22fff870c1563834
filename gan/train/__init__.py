"""How a face GAN is made: pictures in, a folder of weights out."""
