import { IsIn, IsInt, IsNumber, IsOptional, Max, Min } from 'class-validator';

/** The bounds of the furnace, written once. */
export class HeatDto {
  @IsNumber()
  @Min(20)
  @Max(1_200)
  celsius!: number;

  @IsInt()
  @Min(1)
  @Max(600)
  minutes!: number;

  @IsOptional()
  @IsIn(['air', 'argon'])
  gas?: 'air' | 'argon';
}
