import { Type } from 'class-transformer';
import { ArrayMaxSize, ArrayMinSize, IsNumber, IsString, Length, Max, Min, ValidateNested } from 'class-validator';

export class StepDto {
  @IsNumber()
  @Min(20)
  @Max(1200)
  celsius!: number;

  @IsNumber()
  @Min(1)
  minutes!: number;
}

/** A Python dict of dicts, checked to its depth by Nest's ValidationPipe. */
export class ProgrammeDto {
  @IsString()
  @Length(1, 20)
  name!: string;

  @ValidateNested({ each: true })
  @Type(() => StepDto)
  @ArrayMinSize(1)
  @ArrayMaxSize(10)
  steps!: StepDto[];
}
